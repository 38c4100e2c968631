package io.peal.bus.file;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Names in a directory are whatever somebody has put there. */
class DataFileTest {

    @ParameterizedTest
    @CsvSource({"1, 0", "7, 10", "4194303, 999999999999999999"})
    void nameTellsWriterAndNumber(int writerId, long number) {
        DataFile file = new DataFile(writerId, number);
        assertThat(DataFile.of(file.name())).isEqualTo(file);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "-",
                "1",
                "1-",
                "-1",
                "--1",
                "1--1",
                "0-1",
                "01-1",
                "1-01",
                "1-00",
                "+1-1",
                "1-+1",
                "1-1 ",
                "1-1-1",
                "x-1",
                "1-x",
                "1-0x1",
                "\u0661-1",
                "4194304-1",
                "4294967297-1",
                "1-9999999999999999999",
                "1-1000000000000000000000"
            })
    void otherNamesAreNone(String name) {
        assertThat(DataFile.of(name)).isNull();
    }
}

package io.peal.benchmarks;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The rules between modules: arrows go down only, and no packages form a cycle. It lives here to see all of them. */
final class ArchitectureTest {

    private static final String BUS = "io.peal.bus";
    private static final String BUS_SPI = "io.peal.bus.spi";
    private static final String FILE = "io.peal.bus.file";
    private static final String AERON = "io.peal.bus.aeron";
    private static final String FANOUT = "io.peal.fanout";
    private static final String NETTY = "io.peal.fanout.netty";
    private static final String JETTY = "io.peal.fanout.jetty";
    private static final String PROTOCOL = "io.peal.protocol";
    private static final String TESTKIT = "io.peal.testkit";
    private static final String[] LANGUAGE = {"java..", "javax..", "jdk.jfr..", "org.jspecify..", "org.slf4j.."};

    private final JavaClasses peal = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("io.peal");

    @Test
    void busApiKnowsNobody() {
        mayUse(BUS);
        mayUse(BUS_SPI, BUS);
    }

    @Test
    void busFileKnowsTheApiOnly() {
        String[] ofInspector = {"picocli..", "com.fasterxml.jackson.."};
        mayUse(FILE, BUS, BUS_SPI, ofInspector[0], ofInspector[1]);
        noClasses()
                .that()
                .resideInAPackage(FILE)
                .and()
                .haveSimpleNameNotStartingWith("Inspect")
                .and()
                .doNotHaveFullyQualifiedName(FILE + ".InspectMain$Verify")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(ofInspector)
                .check(peal);
    }

    @Test
    void busOverAeronKnowsBusFileAndAeron() {
        mayUse(AERON, BUS, BUS_SPI, FILE, "io.aeron..", "org.agrona..");
    }

    @Test
    void fanoutKnowsTheBusButNoServer() {
        mayUse(FANOUT, BUS);
    }

    @Test
    void nettyAdapterKnowsTheFanoutButNoBusImplementation() {
        mayUse(NETTY, BUS, FANOUT, "io.netty..");
    }

    @Test
    void jettyAdapterKnowsTheFanoutButNoBusImplementation() {
        mayUse(JETTY, BUS, FANOUT, "org.eclipse.jetty..");
    }

    @Test
    void clientProtocolsKnowTheFanoutButNoServer() {
        mayUse(PROTOCOL, BUS, FANOUT, "com.fasterxml.jackson.core..");
    }

    @Test
    void testkitKnowsTheSeamsOnly() {
        String[] libraries = {
            "org.junit..", "org.assertj..", "org.opentest4j..", "org.java_websocket..", "com.sun.management"
        };
        mayUse(
                TESTKIT,
                Stream.concat(Stream.of(BUS, BUS_SPI, FANOUT), Arrays.stream(libraries))
                        .toArray(String[]::new));
    }

    @Test
    void packagesAreFreeOfCycles() {
        slices().matching("io.peal.(**)").should().beFreeOfCycles().check(peal);
    }

    private void mayUse(String from, String... packages) {
        DescribedPredicate<JavaClass> allowed =
                JavaClass.Predicates.resideInAnyPackage(Arrays.stream(new String[][] {{from}, LANGUAGE, packages})
                        .flatMap(Arrays::stream)
                        .toArray(String[]::new));
        classes()
                .that()
                .resideInAPackage(from)
                .should()
                .onlyDependOnClassesThat(allowed)
                .check(peal);
    }
}

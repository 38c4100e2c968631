package io.peal.bus.file;

import java.nio.file.Path;

/**
 * A data segment's file, as its name tells.
 *
 * @param number the segment's number in its writer's log
 */
record DataFile(Path path, int writerId, long number) {}

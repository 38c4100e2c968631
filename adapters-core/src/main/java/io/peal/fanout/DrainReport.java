package io.peal.fanout;

/**
 * How a drain went.
 *
 * @param connections how many there were when it began
 * @param remaining how many are left: their clients have not answered the closing handshake yet
 */
public record DrainReport(int connections, int remaining) {}

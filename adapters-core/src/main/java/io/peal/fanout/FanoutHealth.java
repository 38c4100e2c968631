package io.peal.fanout;

import java.util.List;

/**
 * How a fanout is, for probes. A process that is not alive should be restarted; one that is not ready should get no new
 * clients.
 *
 * @param alive whether every shard that has work gets to it, and the bus can be used
 * @param ready whether a client that comes now is welcome
 * @param connections how many there are
 * @param lag how many positions of the log the slowest shard has yet to read
 * @param reasons why it is not alive or not ready, for people
 */
public record FanoutHealth(boolean alive, boolean ready, int connections, long lag, List<String> reasons) {}

package io.peal.fanout;

import io.peal.bus.Position;
import io.peal.bus.PositionUnavailableException;

/**
 * Hears what came of a subscription. Called once, on the connection's event loop; what it sends to the connection comes
 * before the subscription's first message.
 */
public interface SubscribeOutcome {

    /** Every message of the topic behind this position follows. */
    void onSubscribed(Position after);

    /** The bus cannot continue completely from there; nothing follows. */
    void onRefused(PositionUnavailableException refusal);
}

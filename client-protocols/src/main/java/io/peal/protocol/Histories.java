package io.peal.protocol;

import io.peal.bus.Position;
import io.peal.bus.PositionUnavailableException;
import io.peal.bus.Topic;
import io.peal.fanout.Connection;
import org.jspecify.annotations.Nullable;

/** A client's questions for history, one at a time. Belongs to the client's event loop. */
final class Histories implements AutoCloseable {

    private final CentrifugeProtocol protocol;
    private final Connection connection;
    private final Answers answers;
    private final Runnable flush;
    private @Nullable HistoryQuery current;

    /** @param flush sends what was answered */
    Histories(CentrifugeProtocol protocol, Connection connection, Answers answers, Runnable flush) {
        this.protocol = protocol;
        this.connection = connection;
        this.answers = answers;
        this.flush = flush;
    }

    /** Answers at once, or when it is read. */
    void read(Command command, Topic topic) {
        Position since = command.since == null ? null : command.since.position();
        if (current != null) {
            answers.error(command, ClientError.TOO_MANY_REQUESTS);
        } else if (command.since != null && !isOfThisLog(since)) {
            answers.error(command, ClientError.UNRECOVERABLE_POSITION);
        } else {
            begin(command, topic, since);
        }
    }

    /** Also backwards, where nothing is continued: positions of another log mean nothing here. */
    private boolean isOfThisLog(@Nullable Position position) {
        return position != null && position.epoch() == protocol.bus().position().epoch();
    }

    @Override
    public void close() {
        HistoryQuery query = current;
        if (query != null) {
            query.close();
            current = null;
        }
    }

    private void begin(Command command, Topic topic, @Nullable Position since) {
        int limit = command.limit < 0 ? protocol.historyLimit() : Math.min(command.limit, protocol.historyLimit());
        try {
            current = new HistoryQuery(protocol.bus(), topic, limit, command.reverse, since);
            readOn(command);
        } catch (PositionUnavailableException gone) {
            answers.error(command, ClientError.UNRECOVERABLE_POSITION);
        }
    }

    private void readOn(Command command) {
        HistoryQuery query = current;
        if (query == null) {
            return;
        }
        if (!query.step()) {
            connection.execute(() -> readOn(command));
            return;
        }
        if (query.isBroken()) {
            answers.error(command, ClientError.UNRECOVERABLE_POSITION);
        } else {
            query.writeTo(answers.begin(command));
            answers.end();
        }
        close();
        flush.run();
    }
}

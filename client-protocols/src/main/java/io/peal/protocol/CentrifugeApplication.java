package io.peal.protocol;

import io.peal.bus.Topic;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * What an application decides about clients of a {@link CentrifugeProtocol}, and is told of them. Called on event loops:
 * none of it may block, and what takes time is answered later, on any thread. A client's commands wait for the answer to
 * the one before, except for remote procedure calls.
 *
 * <p>What is not overridden lets everybody in, and lets everybody read every channel, and nobody publish.
 */
public interface CentrifugeApplication {

    /** A client has connected, and says who it is. */
    default CompletionStage<ConnectAnswer> onConnect(CentrifugeClient client, ConnectRequest request) {
        return CompletableFuture.completedStage(ConnectAnswer.accept(""));
    }

    /** Whether a client may do this with a channel. Asked for every command; reading is allowed if this is not overridden. */
    default CompletionStage<Decision> authorize(CentrifugeClient client, ChannelRequest request) {
        return CompletableFuture.completedStage(
                request.action() == ChannelAction.PUBLISH
                        ? Decision.refuse(ClientError.PERMISSION_DENIED)
                        : Decision.allow());
    }

    /**
     * The topic behind a channel; the one of the same name if this is not overridden. No two channels have the same topic,
     * and {@link #channelOf} is the way back.
     *
     * @return null if there is no such channel
     * @throws IllegalArgumentException as {@link Topic#of} does, for a name that cannot be; the client is told that there is
     *     no such channel
     */
    default @Nullable Topic topicOf(String channel) {
        return Topic.of(channel);
    }

    /** The channel of a topic that {@link #topicOf} has given. */
    default String channelOf(Topic topic) {
        return topic.name();
    }

    /** A client calls a procedure; there is none if this is not overridden. */
    default CompletionStage<RpcReply> onRpc(CentrifugeClient client, String method, @Nullable String data) {
        return CompletableFuture.completedStage(RpcReply.error(ClientError.METHOD_NOT_FOUND));
    }

    /** A client sends JSON that wants no answer. */
    default void onMessage(CentrifugeClient client, String data) {}

    /** A client that was let in is gone. */
    default void onDisconnect(CentrifugeClient client, int code, String reason) {}
}

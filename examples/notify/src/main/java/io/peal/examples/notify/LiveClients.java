package io.peal.examples.notify;

import io.peal.bus.Topic;
import io.peal.protocol.CentrifugeApplication;
import io.peal.protocol.CentrifugeClient;
import io.peal.protocol.ChannelAction;
import io.peal.protocol.ChannelRequest;
import io.peal.protocol.ClientError;
import io.peal.protocol.ConnectAnswer;
import io.peal.protocol.ConnectRequest;
import io.peal.protocol.Decision;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** What clients that resume may do: read every channel, and publish to those that are not this service's own. */
final class LiveClients implements CentrifugeApplication {

    private final String whoServes;

    LiveClients(int replica, int port) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("replica", replica);
        fields.put("port", port);
        this.whoServes = Json.write(fields);
    }

    /** Nobody has to say who he is here; a service of yours would look at {@code request.token()}. */
    @Override
    public CompletionStage<ConnectAnswer> onConnect(CentrifugeClient client, ConnectRequest request) {
        return CompletableFuture.completedStage(ConnectAnswer.accept("").data(whoServes));
    }

    @Override
    public CompletionStage<Decision> authorize(CentrifugeClient client, ChannelRequest request) {
        boolean forbidden = request.action() == ChannelAction.PUBLISH && Topics.isOwn(request.channel());
        return CompletableFuture.completedStage(
                forbidden ? Decision.refuse(ClientError.PERMISSION_DENIED) : Decision.allow());
    }

    @Override
    public Topic topicOf(String channel) {
        return channel.equals(DeathWish.TOPIC.name()) ? null : CentrifugeApplication.super.topicOf(channel);
    }
}

package io.peal.docs;

import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.socket.SocketChannel;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import io.peal.bus.Bus;
import io.peal.bus.PayloadKind;
import io.peal.bus.Publisher;
import io.peal.bus.Topic;
import io.peal.bus.file.FileBus;
import io.peal.fanout.Admission;
import io.peal.fanout.Compression;
import io.peal.fanout.Connection;
import io.peal.fanout.ConnectionHandler;
import io.peal.fanout.Fanout;
import io.peal.fanout.Limits;
import io.peal.fanout.OriginPolicy;
import io.peal.fanout.SlowConsumerPolicy;
import io.peal.fanout.SlowConsumers;
import io.peal.fanout.jetty.JettyFanout;
import io.peal.fanout.netty.NettyFanout;
import io.peal.protocol.CentrifugeApplication;
import io.peal.protocol.CentrifugeProtocol;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletionStage;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.websocket.api.Session;
import org.jspecify.annotations.Nullable;

/** The code of the README, between the lines that name its regions. */
final class Snippets {

    private Snippets() {}

    static Bus bus(Path directory) {
        // snippet bus
        Bus bus = FileBus.open(directory); // the same directory in every replica: /dev/shm/chat, for example
        Topic room = Topic.of("room/42");
        bus.subscribe(room, message -> System.out.println(message.position() + " " + message.text()));
        bus.publisher().publish(room, "hello"); // every replica prints it, and all print the same order
        // end
        return bus;
    }

    static ChannelInitializer<SocketChannel> netty(Bus bus) {
        // snippet netty
        Fanout fanout = Fanout.on(bus).build();
        NettyFanout live = NettyFanout.of(fanout);

        ChannelInitializer<SocketChannel> initializer = new ChannelInitializer<>() {
            @Override
            protected void initChannel(SocketChannel channel) {
                ChannelPipeline pipeline = channel.pipeline();
                pipeline.addLast(new HttpServerCodec(), new HttpObjectAggregator(8192));
                live.install(pipeline, "/live", connection -> connection.subscribe(Topic.of("news")));
            }
        };
        // end
        return initializer;
    }

    static void jetty(Bus bus, Server server) {
        // snippet jetty
        Fanout fanout = Fanout.on(bus).build();
        JettyFanout live = JettyFanout.of(fanout);
        server.insertHandler(live.endpoint("/live", connection -> connection.subscribe(Topic.of("news"))));
        // end
    }

    static void centrifuge(NettyFanout live, ChannelPipeline pipeline, Fanout fanout, CentrifugeApplication rules) {
        // snippet centrifuge
        CentrifugeProtocol protocol =
                CentrifugeProtocol.on(fanout).application(rules).build();
        live.install(pipeline, "/connection/websocket", protocol); // or live.endpoint(...) on Jetty
        // end
    }

    // snippet attach
    public static final class Listener implements Session.Listener.AutoDemanding {

        private final JettyFanout live;

        Listener(JettyFanout live) {
            this.live = live;
        }

        @Override
        public void onWebSocketOpen(Session session) {
            live.attach(session).subscribe(Topic.of("news"));
        }
    }
    // end

    /** Who knows what a client's token is worth. */
    interface Tokens {
        CompletionStage<Admission> check(@Nullable String token);
    }

    static Fanout options(Bus bus, Tokens tokens) {
        // snippet options
        Fanout fanout = Fanout.on(bus)
                .limits(Limits.defaults().connections(10_000).lifetime(Duration.ofHours(12)))
                .origins(OriginPolicy.sameHost().and("https://app.example.org"))
                .authenticator(request -> tokens.check(request.queryParameter("token")))
                .slowConsumers(SlowConsumers.catchUp().with("prices/*", SlowConsumerPolicy.CONFLATE))
                .compression(Compression.shared())
                .build();
        // end
        return fanout;
    }

    // snippet handler
    static final class Chat implements ConnectionHandler {

        private final Publisher publisher;

        Chat(Publisher publisher) {
            this.publisher = publisher;
        }

        @Override
        public void onOpen(Connection connection) {
            String room = connection.queryParameter("room");
            Topic topic = Topic.of("room/" + (room == null ? "lobby" : room));
            connection.attach(topic);
            connection.subscribe(topic);
            connection.send("welcome");
        }

        @Override
        public void onMessage(Connection connection, PayloadKind kind, ByteBuffer payload) {
            if (connection.attachment() instanceof Topic topic) {
                publisher.publish(topic, payload, kind);
            }
        }
    }
    // end
}

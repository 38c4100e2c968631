package io.peal.fanout.jetty;

import io.peal.fanout.Admission;
import io.peal.fanout.Entry;
import io.peal.fanout.Place;
import io.peal.fanout.UpgradeRequest;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.net.URI;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpStatus;
import org.eclipse.jetty.http.HttpVersion;
import org.eclipse.jetty.http.PreEncodedHttpField;
import org.eclipse.jetty.io.ByteBufferPool;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.io.SocketChannelEndPoint;
import org.eclipse.jetty.server.ConnectionMetaData;
import org.eclipse.jetty.server.Connector;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.HttpStream;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.websocket.core.Behavior;
import org.eclipse.jetty.websocket.core.ExtensionStack;
import org.eclipse.jetty.websocket.core.Negotiated;
import org.eclipse.jetty.websocket.core.WebSocketComponents;
import org.eclipse.jetty.websocket.core.WebSocketConnection;
import org.eclipse.jetty.websocket.core.WebSocketConstants;
import org.eclipse.jetty.websocket.core.util.WebSocketUtils;
import org.jspecify.annotations.Nullable;

/**
 * Turns a request for its path into a WebSocket connection (RFC 6455 section 4.2), or answers why not; lets every other
 * request pass to the handler it wraps. Thread-safe.
 */
final class UpgradeHandler extends Handler.Wrapper {

    private static final HttpField UPGRADE_WEBSOCKET = new PreEncodedHttpField(HttpHeader.UPGRADE, "websocket");
    private static final HttpField CONNECTION_UPGRADE = new PreEncodedHttpField(HttpHeader.CONNECTION, "Upgrade");

    /** What Jetty shows as a session's address: one for all, because each would be a dozen objects. */
    private static final URI ANY_URI = URI.create("ws://localhost");

    private final JettyFanout jetty;
    private final FanoutSession.Route route;
    private @Nullable WebSocketComponents components; // since it was started

    UpgradeHandler(JettyFanout jetty, FanoutSession.Route route) {
        super(true);
        this.jetty = jetty;
        this.route = route;
    }

    @Override
    protected void doStart() throws Exception {
        ByteBufferPool pool = getServer().getByteBufferPool();
        components = new WebSocketComponents(
                null, null, pool, null, null, getServer().getThreadPool());
        jetty.watch(getServer());
        super.doStart();
    }

    @Override
    public boolean handle(Request request, Response response, Callback callback) throws Exception {
        if (!Request.getPathInContext(request).equals(route.path())
                || request.getConnectionMetaData().getHttpVersion() != HttpVersion.HTTP_1_1) {
            return super.handle(request, response, callback);
        }
        admit(request, response, callback);
        return true;
    }

    /** Asks who that is; it may take a while, though not longer than an upgrade may, and no thread waits. */
    private void admit(Request request, Response response, Callback callback) {
        HttpFields kept = HttpFields.build(request.getHeaders()).asImmutable();
        ConnectionMetaData connection = request.getConnectionMetaData();
        InetSocketAddress remote =
                connection.getRemoteSocketAddress() instanceof InetSocketAddress address ? address : null;
        UpgradeRequest asked = new UpgradeRequest(
                request.getMethod(), request.getHttpURI().getPathQuery(), kept::getValuesList, remote);
        jetty.fanout()
                .admit(asked)
                .toCompletableFuture()
                .copy() // so that nobody else's is completed
                .orTimeout(route.limits().upgradeDeadline().toNanos(), TimeUnit.NANOSECONDS)
                .whenComplete((admission, tooLate) -> {
                    if (admission == null) {
                        connection.getConnection().getEndPoint().close();
                        callback.failed(tooLate);
                    } else {
                        decided(request, response, callback, asked, admission);
                    }
                });
    }

    private void decided(
            Request request, Response response, Callback callback, UpgradeRequest asked, Admission admission) {
        try {
            Entry entry = jetty.fanout().enter(admission);
            if (entry instanceof Place place) {
                try {
                    upgrade(
                            request,
                            response,
                            callback,
                            jetty.fanout().compression().answerTo(asked),
                            place);
                } catch (RuntimeException e) {
                    place.giveBack();
                    throw e;
                }
            } else if (entry instanceof Admission.Refused refused) {
                response.setStatus(refused.status());
                refused.headers().forEach((name, value) -> response.getHeaders().put(name, value));
                response.getHeaders().put(HttpHeader.CONTENT_TYPE, "text/plain");
                Content.Sink.write(response, true, refused.reason(), callback);
            }
        } catch (RuntimeException e) { // perhaps on a thread of somebody who has other things to do
            Response.writeError(request, response, callback, e);
        }
    }

    private void upgrade(
            Request request, Response response, Callback callback, @Nullable String extension, Place place) {
        FanoutSession session = session(request, place, extension != null);
        request.setAttribute(HttpStream.UPGRADE_CONNECTION_ATTRIBUTE, connection(request, session));
        request.addHttpStreamWrapper(stream -> new Answering(stream, session));
        response.setStatus(HttpStatus.SWITCHING_PROTOCOLS_101);
        HttpFields.Mutable answer = response.getHeaders();
        answer.put(UPGRADE_WEBSOCKET);
        answer.put(CONNECTION_UPGRADE);
        answer.put(
                HttpHeader.SEC_WEBSOCKET_ACCEPT,
                WebSocketUtils.hashKey(request.getHeaders().get(HttpHeader.SEC_WEBSOCKET_KEY)));
        if (extension != null) {
            answer.put(HttpHeader.SEC_WEBSOCKET_EXTENSIONS, extension);
        }
        response.write(true, null, callback);
    }

    private FanoutSession session(Request request, Place place, boolean deflating) {
        WebSocketComponents own = components;
        if (own == null) {
            throw new IllegalStateException("the handler is not started");
        }
        ExtensionStack none = new ExtensionStack(own, Behavior.SERVER);
        none.negotiate(List.of(), List.of());
        Negotiated negotiated =
                new Negotiated(ANY_URI, null, request.isSecure(), none, WebSocketConstants.SPEC_VERSION_STRING);
        String uri = request.getHttpURI().getPathQuery();
        return new FanoutSession(
                route, jetty.nextShard(own.getByteBufferPool()), uri, place, deflating, negotiated, own);
    }

    private WebSocketConnection connection(Request request, FanoutSession session) {
        ConnectionMetaData metaData = request.getConnectionMetaData();
        EndPoint endPoint = metaData.getConnection().getEndPoint();
        limitSocketBuffer(endPoint, route.limits().socketBufferLength());
        Connector connector = metaData.getConnector();
        WebSocketConnection connection = new WebSocketConnection(
                endPoint, connector.getExecutor(), connector.getScheduler(), connector.getByteBufferPool(), session);
        session.setWebSocketConnection(connection);
        connector.getEventListeners().forEach(connection::addEventListener);
        return connection;
    }

    private static void limitSocketBuffer(EndPoint endPoint, int length) {
        EndPoint socket = endPoint instanceof EndPoint.Wrapper wrapper ? wrapper.unwrap() : endPoint;
        if (length > 0 && socket instanceof SocketChannelEndPoint plain) {
            try {
                plain.getChannel().setOption(StandardSocketOptions.SO_SNDBUF, length);
            } catch (IOException closedMeanwhile) {
                return;
            }
        }
    }

    /** The answer to a request that is granted, which also ends if it was not sent or nothing came of it. */
    private static final class Answering extends HttpStream.Wrapper {

        private final FanoutSession session;

        Answering(HttpStream stream, FanoutSession session) {
            super(stream);
            this.session = session;
        }

        @Override
        public void succeeded() {
            try {
                super.succeeded(); // in here the session is opened
            } finally {
                session.answered();
            }
        }

        @Override
        public void failed(Throwable cause) {
            try {
                super.failed(cause);
            } finally {
                session.answered();
            }
        }
    }
}

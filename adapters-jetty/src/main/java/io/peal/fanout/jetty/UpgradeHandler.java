package io.peal.fanout.jetty;

import io.peal.fanout.Admission;
import io.peal.fanout.DeflateOffer;
import io.peal.fanout.Fanout;
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
import org.eclipse.jetty.http.HttpMethod;
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

    private static final String RETRY_AFTER_SECONDS = "1";
    private static final HttpField UPGRADE_WEBSOCKET = new PreEncodedHttpField(HttpHeader.UPGRADE, "websocket");
    private static final HttpField CONNECTION_UPGRADE = new PreEncodedHttpField(HttpHeader.CONNECTION, "Upgrade");
    private static final URI ANY_URI =
            URI.create("ws://localhost"); // for Jetty to show; each of its own is a dozen objects

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
        HttpFields headers = request.getHeaders();
        if (!isUpgrade(request)) {
            refuseWithoutUpgrade(response, callback, "this is a WebSocket endpoint\n");
        } else if (headers.get(HttpHeader.SEC_WEBSOCKET_KEY) == null) {
            answer(response, callback, HttpStatus.BAD_REQUEST_400, "Sec-WebSocket-Key is missing\n");
        } else {
            admit(request, response, callback);
        }
        return true;
    }

    /** Asks who that is; it may take a while, though not longer than an upgrade may, and no thread waits. */
    private void admit(Request request, Response response, Callback callback) {
        HttpFields kept = HttpFields.build(request.getHeaders()).asImmutable();
        ConnectionMetaData connection = request.getConnectionMetaData();
        InetSocketAddress remote =
                connection.getRemoteSocketAddress() instanceof InetSocketAddress address ? address : null;
        jetty.fanout()
                .admit(new UpgradeRequest(request.getHttpURI().getPathQuery(), kept::get, remote))
                .toCompletableFuture()
                .copy() // so that nobody else's is completed
                .orTimeout(route.limits().upgradeDeadline().toNanos(), TimeUnit.NANOSECONDS)
                .whenComplete((admission, tooLate) -> {
                    if (admission == null) {
                        connection.getConnection().getEndPoint().close();
                        callback.failed(tooLate);
                    } else {
                        decided(request, response, callback, admission);
                    }
                });
    }

    private void decided(Request request, Response response, Callback callback, Admission admission) {
        try {
            if (admission instanceof Admission.Accepted accepted) {
                upgrade(request, response, callback, accepted.attachment());
            } else if (admission instanceof Admission.Refused refused) {
                if (refused.temporary()) {
                    response.getHeaders().put(HttpHeader.RETRY_AFTER, RETRY_AFTER_SECONDS);
                }
                response.getHeaders().put(HttpHeader.CONNECTION, "close");
                answer(response, callback, refused.status(), refused.reason());
            }
        } catch (RuntimeException e) { // perhaps on a thread of somebody who has other things to do
            Response.writeError(request, response, callback, e);
        }
    }

    private void upgrade(Request request, Response response, Callback callback, @Nullable Object attachment) {
        HttpFields headers = request.getHeaders();
        if (!WebSocketConstants.SPEC_VERSION_STRING.equals(headers.get(HttpHeader.SEC_WEBSOCKET_VERSION))) {
            response.getHeaders().put(HttpHeader.SEC_WEBSOCKET_VERSION, WebSocketConstants.SPEC_VERSION_STRING);
            refuseWithoutUpgrade(response, callback, "only version 13 of the protocol is spoken here\n");
            return;
        }
        Fanout fanout = jetty.fanout();
        String extension = fanout.compression().isOn()
                ? DeflateOffer.answer(headers.getValuesList(HttpHeader.SEC_WEBSOCKET_EXTENSIONS))
                : null;
        ConnectionMetaData metaData = request.getConnectionMetaData();
        EndPoint endPoint = metaData.getConnection().getEndPoint();
        limitSocketBuffer(endPoint, route.limits().socketBufferLength());
        WebSocketConnection connection = connection(request, endPoint, attachment, extension != null);
        request.setAttribute(HttpStream.UPGRADE_CONNECTION_ATTRIBUTE, connection);
        response.setStatus(HttpStatus.SWITCHING_PROTOCOLS_101);
        HttpFields.Mutable answer = response.getHeaders();
        answer.put(UPGRADE_WEBSOCKET);
        answer.put(CONNECTION_UPGRADE);
        answer.put(HttpHeader.SEC_WEBSOCKET_ACCEPT, WebSocketUtils.hashKey(headers.get(HttpHeader.SEC_WEBSOCKET_KEY)));
        if (extension != null) {
            answer.put(HttpHeader.SEC_WEBSOCKET_EXTENSIONS, extension);
        }
        response.write(true, null, callback);
    }

    private WebSocketConnection connection(
            Request request, EndPoint endPoint, @Nullable Object attachment, boolean deflating) {
        WebSocketComponents own = components;
        if (own == null) {
            throw new IllegalStateException("the handler is not started");
        }
        ExtensionStack none = new ExtensionStack(own, Behavior.SERVER);
        none.negotiate(List.of(), List.of());
        Negotiated negotiated =
                new Negotiated(ANY_URI, null, request.isSecure(), none, WebSocketConstants.SPEC_VERSION_STRING);
        String uri = request.getHttpURI().getPathQuery();
        FanoutSession session = new FanoutSession(
                route, jetty.nextShard(own.getByteBufferPool()), uri, attachment, deflating, negotiated, own);
        Connector connector = request.getConnectionMetaData().getConnector();
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

    private static boolean isUpgrade(Request request) {
        return HttpMethod.GET.is(request.getMethod())
                && request.getHeaders().contains(HttpHeader.UPGRADE, "websocket")
                && request.getHeaders().contains(HttpHeader.CONNECTION, "upgrade");
    }

    private static void refuseWithoutUpgrade(Response response, Callback callback, String text) {
        response.getHeaders().put(UPGRADE_WEBSOCKET);
        response.getHeaders().put(CONNECTION_UPGRADE);
        answer(response, callback, HttpStatus.UPGRADE_REQUIRED_426, text);
    }

    private static void answer(Response response, Callback callback, int status, String text) {
        response.setStatus(status);
        response.getHeaders().put(HttpHeader.CONTENT_TYPE, "text/plain");
        Content.Sink.write(response, true, text, callback);
    }
}

package io.peal.examples.notify;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.Fields;

/** Brings the requests that are not for WebSocket endpoints to the {@link Api}. */
final class JettyApiHandler extends Handler.Abstract {

    private final Api api;

    JettyApiHandler(Api api) {
        this.api = api;
    }

    @Override
    public boolean handle(Request request, Response response, Callback callback) throws IOException {
        Api.Reply reply = answer(request);
        response.setStatus(reply.status());
        response.getHeaders().put(HttpHeader.CONTENT_TYPE, reply.contentType());
        if (api.isStopping()) {
            response.getHeaders().put(HttpHeader.CONNECTION, "close");
        }
        response.write(true, ByteBuffer.wrap(reply.body()), callback);
        return true;
    }

    private Api.Reply answer(Request request) throws IOException {
        byte[] body = Content.Source.asInputStream(request).readNBytes(api.maxBodyLength() + 1);
        if (body.length > api.maxBodyLength()) {
            return Api.Reply.error(413, "the body is too long, the limit is " + api.maxBodyLength() + " bytes");
        }
        Fields query = Request.extractQueryParameters(request);
        return api.answer(
                request.getMethod(), Request.getPathInContext(request), query::getValue, ByteBuffer.wrap(body));
    }
}

package io.peal.fanout.netty;

import io.netty.handler.ssl.SslContextBuilder;
import io.peal.fanout.ConnectionHandler;
import io.peal.fanout.Fanout;
import io.peal.testkit.FanoutInteropContract;
import java.nio.file.Path;
import java.security.KeyStore;
import javax.net.ssl.KeyManagerFactory;
import org.junit.jupiter.api.extension.ExtendWith;

/** Clients that others wrote, on Netty. */
@ExtendWith(Leaks.class)
class InteropTest extends FanoutInteropContract {

    @Override
    protected Server startPlain(Fanout fanout, String path, ConnectionHandler handler) {
        return NettyServer.onNio(fanout, path, handler);
    }

    @Override
    protected Server startSecure(Fanout fanout, String path, ConnectionHandler handler, Path keyStore, KeyStore keys)
            throws Exception {
        KeyManagerFactory own = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        own.init(keys, PASSWORD);
        return NettyServer.onTls(
                fanout, path, handler, SslContextBuilder.forServer(own).build());
    }
}

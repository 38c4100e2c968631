package io.peal.fanout.jetty;

import io.peal.fanout.ConnectionHandler;
import io.peal.fanout.Fanout;
import io.peal.testkit.FanoutInteropContract;
import java.io.IOException;
import java.nio.file.Path;
import java.security.KeyStore;
import org.eclipse.jetty.util.ssl.SslContextFactory;

/** Clients that others wrote, on Jetty. */
class InteropTest extends FanoutInteropContract {

    @Override
    protected Server startPlain(Fanout fanout, String path, ConnectionHandler handler) throws IOException {
        return JettyServer.start(fanout, path, handler);
    }

    @Override
    protected Server startSecure(Fanout fanout, String path, ConnectionHandler handler, Path keyStore, KeyStore keys)
            throws IOException {
        SslContextFactory.Server tls = new SslContextFactory.Server();
        tls.setKeyStore(keys);
        tls.setKeyStorePassword(new String(PASSWORD));
        return JettyServer.startSecure(fanout, path, handler, tls);
    }
}

package io.peal.load.run;

/** How clients talk to the server. */
enum WireProtocol {
    /** Whatever comes is looked at; nothing is sent but what the command line says. */
    RAW,
    /** The JSON protocol of Centrifugo: clients subscribe to a channel, and resume it when they come back. */
    CENTRIFUGE;

    /** What a client sends first; empty for nothing. */
    String greeting(String channel, String hello, String epoch, long offset) {
        if (this == RAW) {
            return hello;
        }
        String recover = epoch.isEmpty() ? "" : ",\"recover\":true,\"epoch\":\"" + epoch + "\",\"offset\":" + offset;
        return "{\"id\":1,\"connect\":{}}\n{\"id\":2,\"subscribe\":{\"channel\":\"" + channel + "\"" + recover + "}}";
    }

    /** What a publishing client sends for a message. */
    String publication(long id, String channel, String message) {
        return this == RAW
                ? message
                : "{\"id\":" + (id + 2) + ",\"publish\":{\"channel\":\"" + channel + "\",\"data\":" + message + "}}";
    }
}

package io.peal.bus;

/** What a payload is: it decides the kind of WebSocket message that raw clients get. */
public enum PayloadKind {
    /** Valid UTF-8: clients get a text message. */
    TEXT,
    /** Any bytes: clients get a binary message. */
    BINARY
}

package io.peal.protocol;

/** What a client may want of a channel. */
public enum ChannelAction {
    /** To get its messages, from now on or from where it was. */
    SUBSCRIBE,
    /** To publish to it. */
    PUBLISH,
    /** To read what was published. */
    HISTORY
}

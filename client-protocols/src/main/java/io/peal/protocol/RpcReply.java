package io.peal.protocol;

/** What becomes of a remote procedure call. */
public sealed interface RpcReply {

    /**
     * It is answered with JSON.
     *
     * @throws IllegalArgumentException if it is not JSON
     */
    static RpcReply of(String json) {
        return new Result(json);
    }

    /** It fails; the client is told why. */
    static RpcReply error(ClientError error) {
        return new Failed(error);
    }

    /** See {@link RpcReply#of}. */
    record Result(String json) implements RpcReply {

        /** @throws IllegalArgumentException if it is not JSON */
        public Result {
            Json.check(json);
        }
    }

    /** See {@link RpcReply#error}. */
    record Failed(ClientError error) implements RpcReply {}
}

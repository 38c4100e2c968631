package io.peal.fanout;

import io.peal.bus.Topic;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Which {@link SlowConsumerPolicy} each topic has: immutable. A pattern is a topic's name, or the beginning of names
 * followed by {@code *}; the first that fits counts.
 *
 * <pre>{@code
 * SlowConsumers.catchUp().with("prices/*", SlowConsumerPolicy.CONFLATE).with("cursors", SlowConsumerPolicy.DROP)
 * }</pre>
 */
public final class SlowConsumers {

    private record Rule(
            String beginning,
            boolean whole,
            SlowConsumerPolicy policy,
            @Nullable MessageKey key) {

        boolean fits(String name) {
            return whole ? name.equals(beginning) : name.startsWith(beginning);
        }
    }

    private static final SlowConsumers CATCH_UP = new SlowConsumers(List.of());
    private static final Rule DEFAULT = new Rule("", false, SlowConsumerPolicy.CATCH_UP, null);

    private final List<Rule> rules;

    private SlowConsumers(List<Rule> rules) {
        this.rules = rules;
    }

    /** {@link SlowConsumerPolicy#CATCH_UP} for every topic. */
    public static SlowConsumers catchUp() {
        return CATCH_UP;
    }

    /**
     * The same with one more rule, behind those that are there.
     *
     * @param pattern a name, or the beginning of names and a {@code *}; {@code *} alone is every topic
     * @throws IllegalArgumentException if there is a {@code *} elsewhere, or nothing at all
     */
    public SlowConsumers with(String pattern, SlowConsumerPolicy policy) {
        return with(pattern, policy, null);
    }

    /**
     * The same with one more rule, behind those that are there: {@link SlowConsumerPolicy#CONFLATE} for topics whose messages
     * are about several things, each of which has its own newest message. A connection that had no room gets these, in
     * the order of the log. Of a topic's 65,536 keys that were used last this is exact; messages of others are all sent.
     *
     * @param pattern as above
     * @param key what a message is about, for example the name of what it is the price of
     * @throws IllegalArgumentException as above
     */
    public SlowConsumers conflatingByKey(String pattern, MessageKey key) {
        return with(pattern, SlowConsumerPolicy.CONFLATE, key);
    }

    private SlowConsumers with(String pattern, SlowConsumerPolicy policy, @Nullable MessageKey key) {
        boolean whole = !pattern.endsWith("*");
        String beginning = whole ? pattern : pattern.substring(0, pattern.length() - 1);
        if (pattern.isEmpty() || beginning.indexOf('*') >= 0) {
            throw new IllegalArgumentException(
                    "pattern is '" + pattern + "': a topic's name, or a beginning and one * at the end");
        }
        List<Rule> more = new ArrayList<>(rules);
        more.add(new Rule(beginning, whole, policy, key));
        return new SlowConsumers(List.copyOf(more));
    }

    /** The policy of a topic. */
    public SlowConsumerPolicy of(Topic topic) {
        return ruleOf(topic).policy;
    }

    /** What a topic's messages are about, null if it is not conflated, or as a whole. */
    @Nullable
    MessageKey keyOf(Topic topic) {
        return ruleOf(topic).key;
    }

    private Rule ruleOf(Topic topic) {
        String name = topic.name();
        for (Rule rule : rules) {
            if (rule.fits(name)) {
                return rule;
            }
        }
        return DEFAULT;
    }
}

package io.peal.fanout;

import io.peal.bus.Topic;
import java.util.ArrayList;
import java.util.List;

/**
 * Which {@link SlowConsumerPolicy} each topic has: immutable. A pattern is a topic's name, or the beginning of names
 * followed by {@code *}; the first that fits counts.
 *
 * <pre>{@code
 * SlowConsumers.catchUp().with("prices/*", SlowConsumerPolicy.CONFLATE).with("cursors", SlowConsumerPolicy.DROP)
 * }</pre>
 */
public final class SlowConsumers {

    private record Rule(String beginning, boolean whole, SlowConsumerPolicy policy) {

        boolean fits(String name) {
            return whole ? name.equals(beginning) : name.startsWith(beginning);
        }
    }

    private static final SlowConsumers CATCH_UP = new SlowConsumers(List.of());

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
        boolean whole = !pattern.endsWith("*");
        String beginning = whole ? pattern : pattern.substring(0, pattern.length() - 1);
        if (pattern.isEmpty() || beginning.indexOf('*') >= 0) {
            throw new IllegalArgumentException(
                    "pattern is '" + pattern + "': a topic's name, or a beginning and one * at the end");
        }
        List<Rule> more = new ArrayList<>(rules);
        more.add(new Rule(beginning, whole, policy));
        return new SlowConsumers(List.copyOf(more));
    }

    /** The policy of a topic. */
    public SlowConsumerPolicy of(Topic topic) {
        String name = topic.name();
        for (Rule rule : rules) {
            if (rule.fits(name)) {
                return rule.policy;
            }
        }
        return SlowConsumerPolicy.CATCH_UP;
    }
}

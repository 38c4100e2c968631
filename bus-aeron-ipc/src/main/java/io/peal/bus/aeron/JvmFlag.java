package io.peal.bus.aeron;

import io.peal.bus.BusException;
import org.agrona.concurrent.UnsafeBuffer;

/** The flag that Agrona needs, looked for before Agrona fails without it. */
public final class JvmFlag {

    /** As it stands on a command line. */
    public static final String FLAG = "--add-exports=java.base/jdk.internal.misc=ALL-UNNAMED";

    private static final String PACKAGE = "jdk.internal.misc";

    private JvmFlag() {}

    /**
     * Looks whether the flag is there.
     *
     * @throws BusException if it is not, with a sentence that says what to do
     */
    public static void check() {
        Module agrona = UnsafeBuffer.class.getModule(); // this does not initialize the class
        if (!Object.class.getModule().isExported(PACKAGE, agrona)) {
            throw new BusException("Aeron needs an internal package of the JDK: start java with " + FLAG
                    + ", or put 'Add-Exports: java.base/" + PACKAGE + "' into the manifest of the jar that is started");
        }
    }
}

package io.peal.fanout;

/** What becomes of a client that asks to be let in: it has a place, or is refused. */
public sealed interface Entry permits Place, Admission.Refused {}

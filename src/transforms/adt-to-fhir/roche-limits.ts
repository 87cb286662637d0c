/** Limits of Roche's patient profile. */

/** Patient.identifier.value (SPECS §1.2). */
export const MAX_NUMBER_LENGTH = 64;

/** The development packages that the build needs. */
export const FOR_BUILD: readonly string[];

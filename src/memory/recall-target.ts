/** A recall that takes longer counts as late, even if its results are still used. */
export const RECALL_TARGET_MS = 150;

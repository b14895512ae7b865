/** The stamp of the last build. */
export const BUILT: string;
/** Whether `dist` was built from the sources as they are now. */
export function isBuilt(): boolean;

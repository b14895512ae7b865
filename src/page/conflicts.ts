// Changes that are refused because the state has changed since the user saw it. The messages are sentences for the user.

/** The change would have other effects than the preview that the user saw. */
export class PreviewOutdatedError extends Error {
  override name = 'PreviewOutdatedError';
  readonly code = 'ERR_PREVIEW_OUTDATED';
  constructor() {
    super('The memory has changed since this preview. Look at the new preview and confirm again.');
  }
}

/** One piece of work on archives runs at a time. */
export class WorkRunningError extends Error {
  override name = 'WorkRunningError';
  readonly code = 'ERR_WORK_RUNNING';
}

/** The typed name is not that of the memory. */
export class WrongNameError extends Error {
  override name = 'WrongNameError';
  readonly code = 'ERR_WRONG_NAME';
}

export const isConflict = (error: unknown): error is Error & { readonly code: string } =>
  error instanceof PreviewOutdatedError || error instanceof WorkRunningError || error instanceof WrongNameError;

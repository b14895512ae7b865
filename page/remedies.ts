const REPLAY = 'Then replay the job.';

/** What to do about a failed job, by the kind of its failure. The kinds are the ones in docs/failures.md that make dead letters. */
export const REMEDIES: Readonly<Record<string, string>> = {
  UnusableReplyError: `The model could not read this text, or refuses it. Replay it once, since a model does not always reply the same. If it fails again, store the text in a simpler form or use another model, and drop the job.`,
  TextTooLongError: `The text is too long for the model’s server. Store it in parts, or use a model or an account with a higher limit. ${REPLAY}`,
  InvalidInputError: `The job itself cannot be used: replaying it fails in the same way. Drop it, and store or ask for the same once more.`,
  ModelFailedError: `The model could not be loaded, or its server failed on this text ten times. Look at the model’s settings and log. ${REPLAY}`,
  ConfigError: `A setting is wrong, such as a refused key or an unknown model. Correct it and restart the worker. ${REPLAY}`,
  GraphLostError: `The graph lacks changes that it had before. Run: memory-manager archive rebuild --replace. ${REPLAY}`,
  ArchiveDamagedError: `The archive’s bytes are not those that were written. Export once more, and keep the older archives until the new one has passed a restore test.`,
  ArchiveKeyError: `No key of MEMORY_ARCHIVE_KEY opens the archive. Set the right key. ${REPLAY}`,
  ArchiveLocationError: `The folder for archives cannot be written, or its disk is full. Make room or set MEMORY_EXPORT_DIR. ${REPLAY}`,
};

export const remedyOf = (error: string | null): string =>
  REMEDIES[error ?? ''] ??
  'The failure was not expected. If a server was being changed at that time, replay the job; if it fails again, its failures and the worker’s log name the cause.';

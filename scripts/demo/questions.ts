/** A question to the memory, and the release that the answer must name. */
export interface Question {
  readonly text: string;
  readonly release: string;
  /** What was known on that day; nothing younger may be in the answer. */
  readonly asOf?: string;
}

export const QUESTIONS: readonly Question[] = [
  { text: 'Which release added HTTP2 support?', release: '1.13.0' },
  { text: 'Which release added zstd decompression?', release: '1.17.0' },
  { text: 'Which release fixed the CSRF vulnerability CVE-2023-45857?', release: '1.6.0' },
  { text: 'How can I measure how long a response took?', release: '1.21.0' },
  { text: 'Which release added a fetch adapter?', release: '1.7.0-beta.0', asOf: '2024-05-05' },
];

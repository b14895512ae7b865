import { type Turn, turnEpisode } from '../../src/agents/capture/turn.ts';
import type { EpisodeInput } from '../../src/index.ts';

/** A fortnight in an invented project, as the sessions of a coding agent and a few notes leave it. */
const TURNS: readonly Pick<Turn, 'session' | 'user' | 'assistant' | 'referenceTime'>[] = [
  {
    session: 'monday',
    referenceTime: new Date('2026-11-02T09:00:00Z'),
    user: 'Always run the linter before you commit. Now set up the gateway of Harbor.',
    assistant: 'The gateway listens on port 8080. Harbor keeps its sessions in Valkey 8.',
  },
  {
    session: 'monday',
    referenceTime: new Date('2026-11-02T11:00:00Z'),
    user: 'How do we deploy it?',
    assistant: `To deploy the gateway:

1. Drain the old instance with \`harbor drain\`.
2. Push the image and wait for its scan.
3. Start the new instance and watch the log for a minute.
4. Send it the traffic with \`harbor switch\`.`,
  },
  {
    session: 'thursday',
    referenceTime: new Date('2026-11-05T10:00:00Z'),
    user: 'Which environments are there?',
    assistant: `Harbor has these environments:

- dev, on every laptop
- staging, in Hamburg, reset each night
- production, in Bremen and Kiel`,
  },
  {
    session: 'second week',
    referenceTime: new Date('2026-11-11T15:00:00Z'),
    user: 'Port 8080 is taken by the scanner.',
    assistant: 'The gateway now listens on port 9090 instead of 8080.',
  },
];

export const PROJECT: readonly EpisodeInput[] = [
  ...TURNS.map((turn, place): EpisodeInput => {
    const message = `message-${place}`;
    const whole = { host: 'opencode', message, tools: [], files: [], status: 'completed' as const, ...turn };
    const { content, metadata, saga, referenceTime } = turnEpisode(whole);
    return { content, metadata, saga, referenceTime, source: 'message' };
  }),
  {
    content: 'We chose Valkey for the sessions because its licence is free and a restart loses nobody.',
    kind: 'decision',
    referenceTime: new Date('2026-11-03T12:00:00Z'),
  },
  {
    content: 'Rotate the certificate of staging before it expires in December.',
    kind: 'task',
    referenceTime: new Date('2026-11-12T09:00:00Z'),
  },
];

/** A question about the project, and what its answer must and must not hold. */
export interface ProjectQuestion {
  readonly about: string;
  readonly text: string;
  readonly holds: readonly string[];
  readonly lacks?: RegExp;
}

export const PROJECT_QUESTIONS: readonly ProjectQuestion[] = [
  {
    about: 'A procedure is shown whole:',
    text: 'How is the gateway deployed?',
    holds: ['harbor drain', 'Push the image', 'Start the new instance', 'harbor switch'],
  },
  {
    about: 'So is a list:',
    text: 'Which environments does Harbor have?',
    holds: ['dev,', 'staging,', 'production,'],
  },
  {
    about: 'A replaced value is not shown as current:',
    text: 'Which port does the gateway listen on?',
    holds: ['9090'],
    lacks: /listens on port 8080/,
  },
  {
    about: 'If nothing is known, the answer says so:',
    text: 'Who painted the lighthouse on the island?',
    holds: ['Nothing relevant is known.'],
  },
];

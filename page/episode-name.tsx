import { Time } from './times.tsx';

/** Names that a program made for a text without one say nothing to people. */
const isMade = (name: string): boolean => /^episode_\d{4}-\d\d-\d\dT/.test(name);

/** `Untitled text, 5 Nov 2026` for an episode that nobody has named. */
export const EpisodeName = ({ name, time }: { name: string; time: string }) =>
  isMade(name) ? (
    <>
      Untitled text, <Time of={time} />
    </>
  ) : (
    <span>{name}</span>
  );

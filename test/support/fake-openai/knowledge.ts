/** A fact as the prompt for `resolve` shows it. */
export interface ShownFact {
  readonly source: string;
  readonly relation: string;
  readonly target: string;
  readonly fact: string;
}

/** The fake server's general knowledge, learned from lines such as `same: K8s = Kubernetes` (see script.ts). */
export interface Knowledge {
  learn(text: string): void;
  isSame(one: string, other: string): boolean;
  isRepeat(one: ShownFact, other: ShownFact): boolean;
  isContradiction(one: ShownFact, other: ShownFact): boolean;
}

const LINE = /^\s*(?:[-*>]\s+)?(same|exclusive|contradicts|repeats): (.+?)\s*$/gm;

export function openKnowledge(text = ''): Knowledge {
  const same: [string, string][] = [];
  const repeats: [string, string][] = [];
  const exclusive = new Set<string>();
  const contradicts: [string, string][] = [];
  const isPair = (pairs: [string, string][], one: string, other: string) =>
    pairs.some(([a, b]) => (a === one && b === other) || (a === other && b === one));
  const pair = (text: string, between: string, form: (text: string) => string): [string, string] => {
    const [one = '', other = ''] = text.split(between);
    return [form(one), form(other)];
  };

  const known: Knowledge = {
    learn(text) {
      for (const [, kind, statement = ''] of text.matchAll(LINE)) {
        if (kind === 'same') same.push(pair(statement, ' = ', plain));
        else if (kind === 'repeats') repeats.push(pair(statement, ' = ', plain));
        else if (kind === 'contradicts') contradicts.push(pair(statement, ' / ', (word) => word.trim()));
        else exclusive.add(statement);
      }
    },
    isSame: (one, other) => plain(one) === plain(other) || isPair(same, plain(one), plain(other)),
    isRepeat: (one, other) =>
      isPair(repeats, plain(one.fact), plain(other.fact)) ||
      (known.isSame(one.source, other.source) &&
        known.isSame(one.target, other.target) &&
        plain(one.fact) === plain(other.fact)),
    isContradiction: (one, other) => {
      const sameSource = known.isSame(one.source, other.source);
      const sameTarget = known.isSame(one.target, other.target);
      if (sameSource && sameTarget && isPair(contradicts, one.relation, other.relation)) return true;
      return sameSource && !sameTarget && one.relation === other.relation && exclusive.has(one.relation);
    },
  };
  known.learn(text);
  return known;
}

/** Letters and digits only: `K8s!` and `k8s` are the same name. */
const plain = (text: string) => text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '');

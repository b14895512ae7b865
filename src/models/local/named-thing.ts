import { sameKey } from '../../text.ts';
import type { Span } from './markup.ts';

/** Something that a text names, with the label that it is to bear in the graph. */
export interface NamedThing {
  readonly name: string;
  readonly type: string;
}

/** A name that is recognised by its spelling alone: code, path, package, identifier, version. */
export interface TechnicalName extends Span {
  /** Null for code that is no name (`false`, `{ a: 1 }`): kept from the tagger, but no entity. */
  readonly thing: NamedThing | null;
  /** The package of a version ("axios" of "axios 1.7.2"). */
  readonly wider?: NamedThing;
  /** A bare number of a version, worth mentioning only where nothing else is named. */
  readonly isWeak?: boolean;
}

/** Two names that agree in this are one thing. */
export const normalised = sameKey;

export function isSame(one: NamedThing, other: NamedThing): boolean {
  return normalised(one.name) === normalised(other.name);
}

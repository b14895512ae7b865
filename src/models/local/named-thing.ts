/** Something that a text names, with the label that it is to bear in the graph. */
export interface NamedThing {
  readonly name: string;
  readonly type: string;
}

/** Two names that agree in this are one thing. */
export function normalised(name: string): string {
  return name.normalize('NFC').toLowerCase().replace(/\s+/g, ' ').trim();
}

export function isSame(one: NamedThing, other: NamedThing): boolean {
  return normalised(one.name) === normalised(other.name);
}

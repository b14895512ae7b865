import type { EndedRelation, ExtractedFact, Extraction } from '../language-model.ts';
import { type NamedThing, normalised } from './named-thing.ts';
import { isRole } from './turns.ts';

/** An episode gives no more facts than these, whatever it holds. */
export const MOST_FACTS = 200;

export interface FoundFact extends Omit<ExtractedFact, 'source' | 'target'> {
  readonly source: NamedThing;
  readonly target: NamedThing;
}

/** Collects what is found in an episode, every thing once under its best name and type. */
export class Gathering {
  private readonly things = new Map<string, NamedThing>();
  private readonly facts = new Map<string, FoundFact>();
  private readonly ended = new Map<string, { source: NamedThing; target: NamedThing; at: Date }>();

  get isFull(): boolean {
    return this.facts.size >= MOST_FACTS;
  }

  addThing(thing: NamedThing): void {
    if (isRole(thing.name)) return;
    const key = normalised(thing.name);
    const known = this.things.get(key);
    if (!known || (known.type === 'Entity' && thing.type !== 'Entity')) this.things.set(key, thing);
  }

  addFact(fact: FoundFact): void {
    const [source, target] = [normalised(fact.source.name), normalised(fact.target.name)];
    if (source === target || source === '' || target === '' || this.isFull) return;
    if (isRole(source) || isRole(target)) return;
    this.addThing(fact.source);
    this.addThing(fact.target);
    const key = JSON.stringify([source, target, fact.fact]);
    if (!this.facts.has(key)) this.facts.set(key, fact);
  }

  addEnding(source: NamedThing, target: NamedThing, at: Date): void {
    if (normalised(source.name) === normalised(target.name) || isRole(source.name) || isRole(target.name)) return;
    this.addThing(source);
    this.addThing(target);
    this.ended.set(JSON.stringify([normalised(source.name), normalised(target.name)]), { source, target, at });
  }

  result(): Extraction {
    const facts: ExtractedFact[] = [...this.facts.values()].map((fact) => this.withFinalNames(fact));
    const ended: EndedRelation[] = [...this.ended.values()].map((ending) => this.withFinalNames(ending));
    return { entities: [...this.things.values()].map(({ name, type }) => ({ name, type })), facts, ended };
  }

  private withFinalNames<T extends { source: NamedThing; target: NamedThing }>(pair: T) {
    return { ...pair, source: this.finalName(pair.source), target: this.finalName(pair.target) };
  }

  private finalName(thing: NamedThing): string {
    return this.things.get(normalised(thing.name))?.name ?? thing.name;
  }
}

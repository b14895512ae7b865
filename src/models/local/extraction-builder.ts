import { sameKey } from '../../text.ts';
import type { EndedRelation, ExtractedFact, Extraction } from '../language-model.ts';
import { isSame, type NamedThing } from './spelling.ts';

/** Facts per episode. */
const MAX_FACTS = 200;

interface FoundFact extends Omit<ExtractedFact, 'source' | 'target'> {
  readonly source: NamedThing;
  readonly target: NamedThing;
}

/** Collects the results of an episode. A thing keeps the first name and the most specific type under which it was found. */
export class ExtractionBuilder {
  private readonly things = new Map<string, NamedThing>();
  private readonly facts = new Map<string, ExtractedFact>();
  private readonly ended = new Map<string, EndedRelation>();

  get isFull(): boolean {
    return this.facts.size >= MAX_FACTS;
  }

  /** Returns the name under which the thing is known. */
  addThing({ name, type }: NamedThing): string {
    const known = this.things.get(sameKey(name));
    if (!known) this.things.set(sameKey(name), { name, type });
    else if (known.type === 'Entity') this.things.set(sameKey(name), { name: known.name, type });
    return known?.name ?? name;
  }

  addFact(fact: FoundFact): void {
    if (isSame(fact.source, fact.target) || this.isFull) return;
    const [source, target] = [this.addThing(fact.source), this.addThing(fact.target)];
    const key = JSON.stringify([source, target, fact.fact]);
    if (!this.facts.has(key)) this.facts.set(key, { ...fact, source, target });
  }

  addEnding(holder: NamedThing, removed: NamedThing, at: Date): void {
    const [source, target] = [this.addThing(holder), this.addThing(removed)];
    this.ended.set(JSON.stringify([source, target]), { source, target, at });
  }

  result(): Extraction {
    return { entities: [...this.things.values()], facts: [...this.facts.values()], ended: [...this.ended.values()] };
  }
}

import { canonicalKey } from '../../text.ts';
import type { EndedRelation, ExtractedFact, Extraction } from '../language-model.ts';
import { hasSameName, type TypedName } from './spelling.ts';

/** Facts per episode. */
const MAX_FACTS = 200;

interface FoundFact extends Omit<ExtractedFact, 'source' | 'target'> {
  readonly source: TypedName;
  readonly target: TypedName;
}

/** Collects the results of an episode. An entity keeps the first name and the most specific type under which it was found. */
export class ExtractionBuilder {
  private readonly entities = new Map<string, TypedName>();
  private readonly facts = new Map<string, ExtractedFact>();
  private readonly ended = new Map<string, EndedRelation>();

  get isFull(): boolean {
    return this.facts.size >= MAX_FACTS;
  }

  /** Returns the name under which the entity is known. */
  addEntity({ name, type }: TypedName): string {
    const known = this.entities.get(canonicalKey(name));
    if (!known) this.entities.set(canonicalKey(name), { name, type });
    else if (known.type === 'Entity') this.entities.set(canonicalKey(name), { name: known.name, type });
    return known?.name ?? name;
  }

  addFact(fact: FoundFact): void {
    if (hasSameName(fact.source, fact.target) || this.isFull) return;
    const [source, target] = [this.addEntity(fact.source), this.addEntity(fact.target)];
    const key = JSON.stringify([source, target, fact.fact]);
    if (!this.facts.has(key)) this.facts.set(key, { ...fact, source, target });
  }

  addEnding(holder: TypedName, removed: TypedName, at: Date): void {
    const [source, target] = [this.addEntity(holder), this.addEntity(removed)];
    this.ended.set(JSON.stringify([source, target]), { source, target, at });
  }

  result(): Extraction {
    return { entities: [...this.entities.values()], facts: [...this.facts.values()], ended: [...this.ended.values()] };
  }
}

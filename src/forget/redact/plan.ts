import {
  type AttributeChanges,
  type CommitChanges,
  type MaskedEpisode,
  type MaskedVector,
  NO_CHANGES,
} from '../../graph/commit-changes.ts';
import type { GroupGraph } from '../../graph/group-graph.ts';
import { aliasKey } from '../../graph/meta-keys.ts';
import { communityKey } from '../../graph/queries/communities.ts';
import { episodesToCut } from '../../graph/queries/passage-upkeep.ts';
import { episodeKey } from '../../graph/queries/record.ts';
import { episodesOfSagas } from '../../graph/queries/sagas.ts';
import { storedStatements } from '../../graph/queries/statements.ts';
import { maskSupport } from '../../ingest/claims.ts';
import { type EntityMention, mapMentions, parseMentions } from '../../ingest/mention-notes.ts';
import { canonicalKey } from '../../ingest/name-keys.ts';
import { rebuiltEpisode } from '../mask-sentences.ts';
import type { KnownSecrets } from './known-secrets.ts';
import { learnEpisodeSecrets, learnSecretsIn, maskEpisode, maskValue } from './mask-values.ts';
import { mergedStatements } from './merged-statements.ts';
import { readTexts, type TextElement } from './read-texts.ts';

type Changes = Omit<CommitChanges, 'fence' | 'seen' | 'now'>;
type OrderedChanges = Pick<RedactionPlan, 'repeating' | 'recognised'>;
type Texts<Kind> = Extract<TextElement, { kind: Kind }>;

/** The masked content of a graph, by uuid. */
export interface RedactionEffects {
  readonly episodes: readonly string[];
  readonly facts: readonly string[];
  readonly entities: readonly string[];
  /** Summaries of entities, sagas and communities. Communities are removed. */
  readonly summaries: number;
}

export interface RedactionPlan {
  /** Of texts that only repeat a secret, in the order of the commits, without the vectors of new texts. */
  readonly repeating: readonly Changes[];
  /** Of texts by which a secret is recognised; they come last, after all copies that only repeat one. */
  readonly recognised: readonly Changes[];
  /** The episodes that were read. */
  readonly read: ReadonlySet<string>;
  /** uuids of the statements of all episodes that are masked. */
  readonly statements: ReadonlySet<string>;
  readonly effects: RedactionEffects;
  /** Texts of the graph with their replacements; also keys of wordings and aliases. */
  readonly replacements: ReadonlyMap<string, string>;
  /** For each episode, entity and fact the secrets that are hidden there only. */
  readonly ownSecrets: ReadonlyMap<string, ReadonlySet<string>>;
  /** For each entity and saga the secrets that are hidden in its summaries. */
  readonly summarySecrets: ReadonlyMap<string, ReadonlySet<string>>;
}

/** Elements that one commit changes. */
const AT_ONCE = 256;
const EPISODES_AT_ONCE = 64;

/**
 * Finds all secrets of a graph and computes the changes that mask them. The graph is read twice: a name or a fact may repeat a secret that
 * is recognised only in its episode. For the same reason the commits change texts first that only repeat a secret, and last those by
 * which it is recognised, each time what is derived before episodes: after a crash the rest is still found.
 */
export async function planRedaction(graph: GroupGraph, known: KnownSecrets): Promise<RedactionPlan> {
  const secrets = await findSecrets(graph, known);
  const changes = openChanges(known, secrets);
  const read = new Set<string>();
  for await (const page of readTexts(graph))
    for (const element of page) {
      changes.add(element);
      if (element.kind === 'episode') read.add(element.uuid);
    }
  const derived = changes.derived();
  const episodes = await rebuiltEpisodes(graph, known, changes, secrets);
  return {
    repeating: [...derived.repeating, ...episodes.repeating],
    recognised: [...derived.recognised, ...episodes.recognised],
    read,
    statements: episodes.statements,
    effects: changes.effects(),
    replacements: changes.replacements,
    ownSecrets: new Map([...secrets.episodes, ...changes.ownSecrets]),
    summarySecrets: changes.summarySecrets,
  };
}

/** For each episode, entity and fact the secrets that are hidden there only. */
interface OwnSecrets {
  readonly episodes: ReadonlyMap<string, ReadonlySet<string>>;
  /** Secrets that all these episodes have, so that a word of other episodes stays. */
  common(episodes: readonly string[]): ReadonlySet<string>;
  /** Secrets of an entity's or saga's episodes, for its summary: that may quote any of them. */
  ofSummary(uuid: string): ReadonlySet<string>;
  readonly mentions: ReadonlyMap<string, readonly string[]>;
}

const NONE: ReadonlySet<string> = new Set();

async function findSecrets(graph: GroupGraph, known: KnownSecrets): Promise<OwnSecrets> {
  const episodes = new Map<string, ReadonlySet<string>>();
  const mentions = new Map<string, string[]>();
  const addOwn = (uuid: string, own: ReadonlySet<string>) => {
    if (own.size > 0) episodes.set(uuid, new Set([...(episodes.get(uuid) ?? []), ...own]));
  };
  for await (const page of readTexts(graph))
    for (const element of page)
      switch (element.kind) {
        case 'note':
          addOwn(element.episode, learnEpisodeSecrets(known, { content: '', metadata: element.metadata }));
          for (const { name, attributes = {} } of parseMentions(element.told)) {
            known.learn(name);
            learnSecretsIn(known, attributes);
          }
          break;
        case 'episode':
          known.learn(element.name);
          known.learn(element.description);
          addOwn(element.uuid, learnEpisodeSecrets(known, { content: element.content, metadata: null }));
          break;
        case 'mention':
          mentions.set(element.entity, mentions.get(element.entity) ?? []);
          mentions.get(element.entity)?.push(element.episode);
          break;
        case 'fact':
          known.learn(element.fact);
          learnSecretsIn(known, element.attributes);
          break;
        case 'entity':
        case 'saga':
        case 'community':
          known.learn(element.name);
          known.learn(element.summary);
          learnSecretsIn(known, element.attributes);
      }
  return {
    episodes,
    mentions,
    ofSummary: (uuid) => new Set((mentions.get(uuid) ?? []).flatMap((episode) => [...(episodes.get(episode) ?? [])])),
    common(uuids) {
      const [first = NONE, ...others] = [...new Set(uuids)].map((uuid) => episodes.get(uuid) ?? NONE);
      return new Set([...first].filter((secret) => others.every((own) => own.has(secret))));
    },
  };
}

type List = 'renamedEntities' | 'rewordedFacts' | 'reattributedFacts' | 'renamedEpisodes' | 'maskedSagas';
type OtherList =
  | 'summaries'
  | 'attributed'
  | 'retold'
  | 'evidence'
  | 'clearedAliases'
  | 'aliases'
  | 'removedCommunities';
type Derived = { [name in List | OtherList]: Changes[name][number][] };

function openChanges(known: KnownSecrets, secrets: OwnSecrets) {
  const replacements = new Map<string, string>();
  const rows: Derived = {
    ...{ renamedEntities: [], rewordedFacts: [], reattributedFacts: [], renamedEpisodes: [], maskedSagas: [] },
    ...{ summaries: [], attributed: [], retold: [], evidence: [], clearedAliases: [], aliases: [] },
    removedCommunities: [],
  };
  const recognised = new Set<object>();
  /** The row, noted if the text that it changes has secrets of its own. */
  const noted = <T extends object>(row: T, before: string): T => {
    if (known.isRecognised(before)) recognised.add(row);
    return row;
  };
  const aliases: Texts<'alias'>[] = [];
  const episodes = new Set<string>();
  const sagas = new Map<string, string>();
  const entities = new Set<string>();
  const facts = new Set<string>();
  const ownSecrets = new Map<string, ReadonlySet<string>>();
  const summarySecrets = new Map<string, ReadonlySet<string>>();
  /** Facts of each entity whose wording changes: its summary may list them. */
  const newWordings = new Map<string, [before: string, after: string][]>();
  const summaries: { readonly uuid: string; readonly summary: string }[] = [];

  const replace = (before: string, after: string): string => {
    if (before === after) return after;
    replacements.set(before, after);
    replacements.set(canonicalKey(before), canonicalKey(after));
    return after;
  };
  /** The text without secrets, which is replaced in the journal too. */
  const masked = (text: string, own: ReadonlySet<string>) => replace(text, known.mask(text, own));

  function addNote({ episode, metadata, told }: Texts<'note'>): void {
    const own = secrets.episodes.get(episode) ?? NONE;
    const texts = { content: '', source: 'text', metadata } as const;
    if (maskEpisode(known, texts, own).metadata !== metadata) episodes.add(episode);
    if (told === null) return;
    const retold = mapMentions(told, ({ name, attributes }) => ({
      name: known.mask(name, own),
      attributes:
        attributes && ((maskedAttributes(attributes, own) ?? attributes) as NonNullable<EntityMention['attributes']>),
    }));
    if (retold !== told) rows.retold.push(noted({ key: episodeKey(episode), told: retold }, told));
  }
  function addEpisode(episode: Texts<'episode'>): void {
    const { uuid, name, description } = episode;
    const own = secrets.episodes.get(uuid) ?? NONE;
    if (maskEpisode(known, { ...episode, metadata: null }, own).content !== episode.content) episodes.add(uuid);
    const names = { name: masked(name, own), description: masked(description, own) };
    if (names.name !== name || names.description !== description)
      rows.renamedEpisodes.push(noted({ uuid, ...names }, `${name}\n${description}`));
  }
  function addNamed(entity: Texts<'entity' | 'saga' | 'community'>): void {
    const { kind, uuid, name, summary } = entity;
    const own = kind === 'entity' ? secrets.common(secrets.mentions.get(uuid) ?? []) : NONE;
    const ofSummary = secrets.ofSummary(uuid);
    const after = { name: masked(name, own), summary: masked(summary, ofSummary) };
    if (own.size > 0) ownSecrets.set(uuid, own);
    if (ofSummary.size > 0) summarySecrets.set(uuid, ofSummary);
    const isNamed = after.name !== name;
    const isChanged = isNamed || after.summary !== summary;
    if (kind === 'community') {
      if (isChanged) rows.removedCommunities.push(noted({ uuid, key: communityKey(uuid) }, `${name}\n${summary}`));
      return;
    }
    if (kind === 'saga') {
      if (isNamed) sagas.set(name, after.name);
      if (isChanged) rows.maskedSagas.push(noted({ uuid, ...after }, `${name}\n${summary}`));
      return;
    }
    summaries.push({ uuid, summary });
    if (isNamed) rows.renamedEntities.push(noted({ uuid, name: after.name, embedding: [] }, name));
    const attributes = maskedAttributes(entity.attributes, own);
    if (attributes) rows.attributed.push(noted({ uuid, attributes }, JSON.stringify(entity.attributes)));
    if (isNamed || attributes) entities.add(uuid);
  }
  function addFact(fact: Texts<'fact'>): void {
    const { uuid, source, target } = fact;
    const own = secrets.common(fact.episodes);
    const after = { relation: masked(fact.relation, own), fact: masked(fact.fact, own) };
    if (own.size > 0) ownSecrets.set(uuid, own);
    if (after.fact !== fact.fact || after.relation !== fact.relation) {
      facts.add(uuid);
      rows.rewordedFacts.push(
        noted({ uuid, source, target, ...after, embedding: [] }, `${fact.fact}\n${fact.relation}`),
      );
      for (const entity of [source, target])
        newWordings.set(entity, [...(newWordings.get(entity) ?? []), [fact.fact, after.fact]]);
    }
    const attributes = maskedAttributes(fact.attributes, own);
    if (!attributes) return;
    facts.add(uuid);
    rows.reattributedFacts.push(noted({ uuid, source, target, attributes }, JSON.stringify(fact.attributes)));
  }
  function maskedAttributes(attributes: Readonly<Record<string, unknown>>, own: ReadonlySet<string>) {
    const after = maskValue(
      attributes,
      (text) => known.mask(text, own),
      new Set([...own, ...learnSecretsIn(known, attributes)]),
    );
    return JSON.stringify(after) === JSON.stringify(attributes) ? undefined : (after as AttributeChanges);
  }
  const evidence: Texts<'evidence'>[] = [];

  /** Once all facts and names are known. */
  function finish(): void {
    const exactly = (text: string) => replacements.get(text) ?? known.mask(text);
    for (const { uuid, summary } of summaries) {
      const listed = (newWordings.get(uuid) ?? []).reduce((left, [from, to]) => left.replaceAll(from, to), summary);
      const after = replace(summary, known.mask(listed, secrets.ofSummary(uuid)));
      if (after !== summary) rows.summaries.push(noted({ uuid, summary: after, isLong: false }, summary));
    }
    for (const { key, supports, rivals, wordings } of evidence) {
      const own = (episode: string) => secrets.episodes.get(episode) ?? NONE;
      const after = {
        supports: supports.map((support) =>
          maskSupport(support, (text, episode) => replacements.get(text) ?? known.mask(text, own(episode))),
        ),
        wordings: wordings.map(exactly),
      };
      if (JSON.stringify(after) !== JSON.stringify({ supports, wordings }))
        rows.evidence.push({ key, rivals, ...after });
    }
    const renamed = new Map(
      aliases.map((row) => [row, masked(row.alias, secrets.common(secrets.mentions.get(row.entity) ?? []))]),
    );
    const changed = new Set(aliases.filter((row) => renamed.get(row) !== row.alias).map(({ entity }) => entity));
    const texts = Map.groupBy(aliases, ({ entity }) => entity);
    const before = (entity: string) => (texts.get(entity) ?? []).map(({ alias }) => alias).join('\n');
    for (const entity of changed) rows.clearedAliases.push(noted({ uuid: entity }, before(entity)));
    for (const row of aliases.filter(({ entity }) => changed.has(entity))) {
      const alias = renamed.get(row) ?? row.alias;
      const key = alias === row.alias ? row.key : aliasKey(canonicalKey(alias));
      if (key !== row.key) replacements.set(row.key, key);
      rows.aliases.push(noted({ key, alias, entity: row.entity }, before(row.entity)));
    }
  }

  return {
    replacements,
    ownSecrets,
    summarySecrets,
    episodes,
    /** New names of sagas, by the old one. */
    sagas,
    add(element: TextElement): void {
      if (element.kind === 'note') addNote(element);
      else if (element.kind === 'episode') addEpisode(element);
      else if (element.kind === 'alias') aliases.push(element);
      else if (element.kind === 'evidence') evidence.push(element);
      else if (element.kind === 'fact') addFact(element);
      else if (element.kind !== 'mention') addNamed(element);
    },
    derived(): OrderedChanges {
      finish();
      const parts = (isMeant: (row: object) => boolean) =>
        inParts(
          Object.fromEntries(Object.entries(rows).map(([name, list]) => [name, list.filter(isMeant)])) as Derived,
        ).map((part) => ({ ...NO_CHANGES, ...part }));
      return { repeating: parts((row) => !recognised.has(row)), recognised: parts((row) => recognised.has(row)) };
    },
    effects: (): RedactionEffects => ({
      episodes: [...new Set([...episodes, ...rows.renamedEpisodes.map(({ uuid }) => uuid)])],
      facts: [...facts],
      entities: [...entities],
      summaries: rows.summaries.length + rows.maskedSagas.length + rows.removedCommunities.length,
    }),
  };
}

/** Rows in parts; those about aliases stay together, since clearing removes all of an entity. */
function inParts(rows: Derived): Partial<Changes>[] {
  const { clearedAliases, aliases, ...rest } = rows;
  const longest = Math.max(...Object.values(rest).map(({ length }) => length));
  const parts: Partial<Changes>[] = [];
  for (let from = 0; from < longest; from += AT_ONCE)
    parts.push(
      Object.fromEntries(Object.entries(rest).map(([name, list]) => [name, list.slice(from, from + AT_ONCE)])),
    );
  return clearedAliases.length > 0 ? [...parts, { clearedAliases, aliases }] : parts;
}

async function rebuiltEpisodes(
  graph: GroupGraph,
  known: KnownSecrets,
  { episodes, sagas }: Pick<ReturnType<typeof openChanges>, 'episodes' | 'sagas'>,
  secrets: OwnSecrets,
): Promise<OrderedChanges & Pick<RedactionPlan, 'statements'>> {
  const repeating: MaskedTexts[] = [];
  const recognised: MaskedTexts[] = [];
  const read = new Set<string>();
  // The passages of an episode name its saga.
  if (sagas.size > 0) for (const uuid of await episodesOfSagas(graph, [...sagas.keys()])) episodes.add(uuid);
  const uuids = [...episodes];
  for (let from = 0; from < uuids.length; from += EPISODES_AT_ONCE) {
    const some = uuids.slice(from, from + EPISODES_AT_ONCE);
    const stored = await storedStatements(graph, some);
    for (const { uuid } of stored) read.add(uuid);
    const statements = Map.groupBy(stored, ({ episode }) => episode);
    for (const episode of await episodesToCut(graph, some)) {
      const own = secrets.episodes.get(episode.uuid) ?? NONE;
      const { content, metadata } = maskEpisode(known, episode, own);
      const saga = episode.saga === null ? null : (sagas.get(episode.saga) ?? episode.saga);
      const { vectors, ...rebuilt } = rebuiltEpisode({
        ...episode,
        content,
        metadata: metadata as string | null,
        saga,
      });
      const masked = {
        ...rebuilt,
        statements: mergedStatements(statements.get(episode.uuid) ?? [], episode.content, rebuilt, known),
      };
      const list = known.isRecognised(`${episode.content}\n${episode.metadata ?? ''}`) ? recognised : repeating;
      list.push({ episode: masked, vectors });
    }
  }
  return { repeating: commitsOf(repeating), recognised: commitsOf(recognised), statements: read };
}

interface MaskedTexts {
  readonly episode: MaskedEpisode;
  readonly vectors: readonly MaskedVector[];
}

function commitsOf(masked: readonly MaskedTexts[]): Changes[] {
  const commits: Changes[] = [];
  for (let from = 0; from < masked.length; from += EPISODES_AT_ONCE) {
    const some = masked.slice(from, from + EPISODES_AT_ONCE);
    const maskedVectors = some.flatMap(({ vectors }) => vectors);
    commits.push({ ...NO_CHANGES, maskedEpisodes: some.map(({ episode }) => episode), maskedVectors });
  }
  return commits;
}

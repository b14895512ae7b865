import type { StatedChange } from '../../statements/stated-change.ts';
import type { Statement } from '../../statements/statement.ts';
import type { StoredNote } from '../../statements/statements-from-model.ts';
import { fromGraphTime, toGraphTime } from '../../time.ts';
import type { GroupGraph } from '../group-graph.ts';

/*
 * `_Statement` nodes hold the statements of an episode that can end earlier ones: the value of a single-valued property, or a change. They
 * are created with the episode and never changed; which ones hold at a moment is computed on reading. They name their episode and have no
 * edges, and no query of Python uses their label.
 */

/** The properties in `CREATE (:_Statement {…})` from a row `y`. Lists of words are one text, separated by spaces. */
export const STATEMENT_PROPERTIES = `id: y.uuid, episode: y.episode, key: y.key, kind: y.kind, subject: y.subject, scope: y.scope,
       property: y.property, value: y.value, now: y.now, beside: y.beside, flags: y.flags, text: y.text, start: y.start, end: y.end,
       said_at: y.saidAt, valid_at: y.validAt, invalid_at: y.invalidAt`;

/** A stored statement; its lists of words are texts. */
export type StatementRow = {
  readonly uuid: string;
  readonly episode: string;
  readonly key: string;
  /** A `rule` or a `task` comes from a model and ends nothing. */
  readonly kind: 'holds' | 'ends' | 'rule' | 'task';
  readonly subject: string;
  readonly scope: string;
  /** For `holds` the verb; for `ends` the kind of the ended statement. */
  readonly property: string;
  /** The value that holds or has ended. */
  readonly value: string;
  /** The value that replaced the ended one. */
  readonly now: string;
  readonly beside: string;
  readonly flags: string;
  readonly text: string;
  readonly start: number;
  readonly end: number;
  readonly saidAt: string;
  readonly validAt: string;
  readonly invalidAt: string | null;
  readonly knownAt?: string | null;
  readonly name?: string;
};

export function statementRow(statement: Statement | StoredNote): StatementRow {
  const { uuid, episode, key, kind, scope, text, start, end, saidAt, validAt, invalidAt } = statement;
  const place = { uuid, episode, key, kind, scope, text, start, end };
  const times = {
    saidAt: toGraphTime(saidAt),
    validAt: toGraphTime(validAt),
    invalidAt: invalidAt && toGraphTime(invalidAt),
  };
  if ('about' in statement) {
    const words = { subject: statement.about.join(' '), property: statement.isDone ? 'done' : 'open' };
    return { ...place, ...times, ...words, value: '', now: '', beside: '', flags: '' };
  }
  const subject = statement.subject.join(' ');
  if (statement.kind === 'holds') {
    const { verb, value, isSingle, isNews } = statement;
    const flags = [...(isSingle ? ['single'] : []), ...(isNews ? ['news'] : [])].join(' ');
    return { ...place, ...times, subject, property: verb, value: value.join(' '), now: '', beside: '', flags };
  }
  const { endsWhat, oldValue, newValue, context, everywhere } = statement;
  const words = { value: oldValue.join(' '), now: newValue.join(' '), beside: context.join(' ') };
  return { ...place, ...times, subject, property: endsWhat, ...words, flags: everywhere ? 'everywhere' : '' };
}

function statementOf(row: StatementRow): Statement[] {
  const [saidAt, validAt] = [fromGraphTime(row.saidAt), fromGraphTime(row.validAt)];
  if (!saidAt || !validAt) return [];
  const { uuid, episode, key, scope, text, start, end, flags } = row;
  const place = {
    uuid,
    episode,
    key,
    scope,
    text,
    start,
    end,
    saidAt,
    validAt,
    invalidAt: fromGraphTime(row.invalidAt),
    ...recordedTime(row),
  };
  const listed = (words: string) => (words === '' ? [] : words.split(' '));
  const [subject, value] = [listed(row.subject), listed(row.value)];
  if (row.kind === 'holds') {
    const [isSingle, isNews] = [flags.includes('single'), flags.includes('news')];
    return [{ ...place, kind: 'holds', subject, verb: row.property, value, isSingle, isNews }];
  }
  const change = {
    oldValue: value,
    subject,
    newValue: listed(row.now),
    context: listed(row.beside),
    endsWhat: row.property as StatedChange['endsWhat'],
  };
  return [{ ...place, kind: 'ends', ...change, everywhere: flags === 'everywhere' }];
}

const recordedTime = ({ knownAt, name }: StatementRow): { knownAt?: Date; episodeName?: string } => {
  const time = fromGraphTime(knownAt);
  return { ...(time && { knownAt: time }), ...(name !== undefined && { episodeName: name }) };
};

/** Writes the statements of existing episodes that have none. An episode removed in the meantime gets none. */
export async function writeStatements(
  graph: GroupGraph,
  episodes: readonly { readonly uuid: string; readonly statements: readonly Statement[] }[],
): Promise<void> {
  const rows = episodes
    .filter(({ statements }) => statements.length > 0)
    .map(({ uuid, statements }) => ({ uuid, statements: statements.map(statementRow) }));
  if (rows.length === 0) return;
  await graph.change(
    `UNWIND $episodes AS x
     MATCH (p:Episodic {uuid: x.uuid})
     OPTIONAL MATCH (known:_Statement {episode: x.uuid})
     WITH x, count(known) AS known WHERE known = 0
     UNWIND x.statements AS y
     CREATE (:_Statement {${STATEMENT_PROPERTIES}})`,
    { episodes: rows },
  );
}

const OF_EARLIER_RULES = `MATCH (m:_Meta) WHERE m.key STARTS WITH 'episode:' AND m.removed_at IS NULL AND coalesce(m.rules, 0) < $rules
     WITH substring(m.key, 8) AS uuid MATCH (p:Episodic {uuid: uuid})`;

/** uuids of the episodes whose statements earlier rules read. */
export async function episodesOfEarlierRules(graph: GroupGraph, rules: number): Promise<readonly string[]> {
  // One row, since FalkorDB's settings may limit the number of rows.
  const [all] = await graph.read<{ uuids: string[] }>(`${OF_EARLIER_RULES} RETURN collect(uuid) AS uuids`, { rules });
  return all?.uuids ?? [];
}

/** Writes the statements that these rules find in place of those that others found. An episode with another text by now is left out. */
export async function replaceStatements(
  graph: GroupGraph,
  episodes: readonly {
    readonly uuid: string;
    readonly content: string;
    readonly statements: readonly Statement[];
    /** uuids of the statements to remove, which need not exist. */
    readonly before: readonly string[];
  }[],
  rules: number,
): Promise<void> {
  const rows = episodes.map((episode) => ({ ...episode, statements: episode.statements.map(statementRow) }));
  await graph.change(
    `UNWIND $episodes AS x
     MATCH (p:Episodic {uuid: x.uuid}) WHERE p.content = x.content
     MATCH (m:_Meta {key: 'episode:' + x.uuid}) WHERE coalesce(m.rules, 0) < $rules
     SET m.rules = $rules
     WITH x OPTIONAL MATCH (s:_Statement {episode: x.uuid}) WHERE s.id IN x.before
     WITH x, collect(s) AS before
     FOREACH (s IN before | DELETE s)
     FOREACH (y IN x.statements | CREATE (:_Statement {${STATEMENT_PROPERTIES}}))`,
    { episodes: rows, rules },
  );
}

/**
 * Adds the statements that a model found to an existing episode, each once.
 * @returns number of added statements
 */
export async function addStatements(
  graph: GroupGraph,
  episode: string,
  statements: readonly (Statement | StoredNote)[],
): Promise<number> {
  const rows = await graph.change<{ n: number }>(
    `MATCH (p:Episodic {uuid: $episode})
     OPTIONAL MATCH (m:_Meta {key: 'episode:' + $episode})
     WITH m WHERE m IS NULL OR m.masked IS NULL
     OPTIONAL MATCH (known:_Statement {episode: $episode})
     WITH collect(known.id) AS known
     UNWIND $statements AS y
     WITH known, y WHERE NOT y.uuid IN known
     CREATE (:_Statement {${STATEMENT_PROPERTIES}})
     RETURN count(y) AS n`,
    { episode, statements: statements.map(statementRow) },
  );
  return rows[0]?.n ?? 0;
}

const RETURN_STATEMENTS = `s.id AS uuid, s.episode AS episode, s.key AS key, s.kind AS kind, s.subject AS subject, s.scope AS scope,
       s.property AS property, s.value AS value, s.now AS now, s.beside AS beside, s.flags AS flags, s.text AS text, s.start AS start,
       s.end AS end, s.said_at AS saidAt, s.valid_at AS validAt, s.invalid_at AS invalidAt`;

/** Statements that one search reads; the latest come first. */
const MOST = 2_000;

/** The statements of existing episodes with one of the keys. */
export async function statementsByKey(graph: GroupGraph, keys: readonly string[]): Promise<Statement[]> {
  if (keys.length === 0) return [];
  const rows = await graph.read<StatementRow>(
    `UNWIND $keys AS key
     MATCH (s:_Statement {key: key})
     WITH s MATCH (p:Episodic {uuid: s.episode})
     WITH s, p ORDER BY s.said_at DESC, s.id LIMIT ${MOST}
     RETURN ${RETURN_STATEMENTS}, p.created_at AS knownAt, p.name AS name`,
    { keys },
  );
  return rows.flatMap(statementOf);
}

/** The statements of some episodes. */
export async function statementsOfEpisodes(graph: GroupGraph, episodes: readonly string[]): Promise<Statement[]> {
  if (episodes.length === 0) return [];
  const rows = await graph.read<StatementRow>(
    `UNWIND $episodes AS episode MATCH (s:_Statement {episode: episode}) RETURN ${RETURN_STATEMENTS}`,
    { episodes },
  );
  return rows.flatMap(statementOf);
}

/** The same as they are stored, also those that a model read. */
export function storedStatements(graph: GroupGraph, episodes: readonly string[]): Promise<StatementRow[]> {
  return graph.read(`UNWIND $episodes AS episode MATCH (s:_Statement {episode: episode}) RETURN ${RETURN_STATEMENTS}`, {
    episodes,
  });
}

/**
 * Deletes the statements of episodes that another program deleted.
 * @returns number of deleted statements
 */
export async function deleteOrphanStatements(graph: GroupGraph): Promise<number> {
  const orphaned = await graph.read<{ episodes: string[] }>(
    `MATCH (s:_Statement)
     WITH DISTINCT s.episode AS episode
     OPTIONAL MATCH (p:Episodic {uuid: episode})
     WITH episode, p WHERE p IS NULL
     RETURN collect(episode) AS episodes`,
  );
  const episodes = orphaned[0]?.episodes ?? [];
  if (episodes.length === 0) return 0;
  const rows = await graph.change<{ n: number }>(
    `UNWIND $episodes AS episode
     OPTIONAL MATCH (p:Episodic {uuid: episode})
     WITH episode, p WHERE p IS NULL
     MATCH (s:_Statement {episode: episode}) DELETE s RETURN count(s) AS n`,
    { episodes },
  );
  return rows[0]?.n ?? 0;
}

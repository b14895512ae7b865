import type { Change } from '../../statements/change.ts';
import type { StoredNote } from '../../statements/read-notes.ts';
import type { Statement } from '../../statements/statement.ts';
import { fromGraphTime, toGraphTime } from '../../time.ts';
import type { GroupGraph } from '../group-graph.ts';

/*
 * `_Statement` nodes hold what an episode says by which earlier statements end: a value of a property that has one at a time, or a
 * change. They are created with the episode and never changed; which statement holds at a moment is worked out at reading. They name
 * their episode and are joined to nothing, and no query of Python's asks for their label.
 */

/** A statement as `CREATE (:_Statement {…})` takes it from `y`. Lists of words stand as text, separated by spaces. */
export const STATEMENT_PROPERTIES = `id: y.uuid, episode: y.episode, key: y.key, kind: y.kind, subject: y.subject, scope: y.scope,
       property: y.property, value: y.value, now: y.now, beside: y.beside, flags: y.flags, text: y.text, start: y.start, end: y.end,
       said_at: y.saidAt, valid_at: y.validAt, invalid_at: y.invalidAt`;

type Row = {
  readonly uuid: string;
  readonly episode: string;
  readonly key: string;
  /** A `rule` or a `task`, which a model has read, ends nothing. */
  readonly kind: 'holds' | 'ends' | 'rule' | 'task';
  readonly subject: string;
  readonly scope: string;
  /** The verb of what holds; of what ends, which kind of statement it ends. */
  readonly property: string;
  /** What holds, or what is gone. */
  readonly value: string;
  /** What came in the place of what is gone. */
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

export function statementRow(statement: Statement | StoredNote): Row {
  const { uuid, episode, key, kind, scope, text, start, end, told, at, until } = statement;
  const place = { uuid, episode, key, kind, scope, text, start, end };
  const times = { saidAt: toGraphTime(told), validAt: toGraphTime(at), invalidAt: until && toGraphTime(until) };
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
  const { of, gone, now, beside, everywhere } = statement;
  const words = { value: gone.join(' '), now: now.join(' '), beside: beside.join(' ') };
  return { ...place, ...times, subject, property: of, ...words, flags: everywhere ? 'everywhere' : '' };
}

function statementOf(row: Row): Statement[] {
  const [saidAt, at] = [fromGraphTime(row.saidAt), fromGraphTime(row.validAt)];
  if (!saidAt || !at) return [];
  const { uuid, episode, key, scope, text, start, end, flags } = row;
  const place = {
    uuid,
    episode,
    key,
    scope,
    text,
    start,
    end,
    told: saidAt,
    at,
    until: fromGraphTime(row.invalidAt),
    ...known(row),
  };
  const listed = (words: string) => (words === '' ? [] : words.split(' '));
  const [subject, value] = [listed(row.subject), listed(row.value)];
  if (row.kind === 'holds') {
    const [isSingle, isNews] = [flags.includes('single'), flags.includes('news')];
    return [{ ...place, kind: 'holds', subject, verb: row.property, value, isSingle, isNews }];
  }
  const change = {
    gone: value,
    subject,
    now: listed(row.now),
    beside: listed(row.beside),
    of: row.property as Change['of'],
  };
  return [{ ...place, kind: 'ends', ...change, everywhere: flags === 'everywhere' }];
}

const known = ({ knownAt, name }: Row): { known?: Date; episodeName?: string } => {
  const time = fromGraphTime(knownAt);
  return { ...(time && { known: time }), ...(name !== undefined && { episodeName: name }) };
};

/** Writes the statements of episodes that have none yet, and are there: those of one that was removed meanwhile are not written. */
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

/** Adds what a model has read in an episode to its statements, each once, where the episode is there. */
export async function addStatements(
  graph: GroupGraph,
  episode: string,
  statements: readonly (Statement | StoredNote)[],
): Promise<void> {
  await graph.change(
    `MATCH (p:Episodic {uuid: $episode})
     OPTIONAL MATCH (m:_Meta {key: 'episode:' + $episode})
     WITH m WHERE m IS NULL OR m.masked IS NULL
     OPTIONAL MATCH (known:_Statement {episode: $episode})
     WITH collect(known.id) AS known
     UNWIND $statements AS y
     WITH known, y WHERE NOT y.uuid IN known
     CREATE (:_Statement {${STATEMENT_PROPERTIES}})`,
    { episode, statements: statements.map(statementRow) },
  );
}

const RETURN_STATEMENTS = `s.id AS uuid, s.episode AS episode, s.key AS key, s.kind AS kind, s.subject AS subject, s.scope AS scope,
       s.property AS property, s.value AS value, s.now AS now, s.beside AS beside, s.flags AS flags, s.text AS text, s.start AS start,
       s.end AS end, s.said_at AS saidAt, s.valid_at AS validAt, s.invalid_at AS invalidAt`;

/** Most statements that one search reads; the latest come first. */
const MOST = 2_000;

/** The statements that have one of the keys, of episodes that are there. */
export async function statementsByKey(graph: GroupGraph, keys: readonly string[]): Promise<Statement[]> {
  if (keys.length === 0) return [];
  const rows = await graph.read<Row>(
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
  const rows = await graph.read<Row>(
    `UNWIND $episodes AS episode MATCH (s:_Statement {episode: episode}) RETURN ${RETURN_STATEMENTS}`,
    { episodes },
  );
  return rows.flatMap(statementOf);
}

/** Deletes statements whose episodes another program deleted. */
export async function deleteOrphanStatements(graph: GroupGraph): Promise<void> {
  const rows = await graph.read<{ episodes: string[] }>(
    `MATCH (s:_Statement)
     WITH DISTINCT s.episode AS episode
     OPTIONAL MATCH (p:Episodic {uuid: episode})
     WITH episode, p WHERE p IS NULL
     RETURN collect(episode) AS episodes`,
  );
  const episodes = rows[0]?.episodes ?? [];
  if (episodes.length === 0) return;
  await graph.change(
    `UNWIND $episodes AS episode
     OPTIONAL MATCH (p:Episodic {uuid: episode})
     WITH episode, p WHERE p IS NULL
     MATCH (s:_Statement {episode: episode}) DELETE s`,
    { episodes },
  );
}

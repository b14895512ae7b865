import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, inject, test } from 'vitest';
import { agentProgram } from '../../../scripts/agent-hosts.mjs';
import { RECALL_BEGIN } from '../../../src/redaction/recall-marks.ts';
import { MINUTE } from '../../../src/time.ts';
import { useStores } from '../stores.ts';
import { until } from '../wait.ts';
import { type AgentKind, isFull, type TurnOptions, type TurnRequests, useCodingAgent } from './coding-agent.ts';

const SUMMARY = 'The goal is to move the lighthouse of Pier.';
const FOUND = 'A cove that only the helper saw.';

/** Tests for every real agent with our hooks: two always run, the others with `npm run test:hosts`. */
export function agentContract(title: string, kind: AgentKind): void {
  const isHere = agentProgram(kind.name) !== undefined;
  if (!isHere)
    process.stdout.write(`skipped: ${title} is not in the cache; npm run agent-hosts -- ${kind.name} installs it\n`);

  describe.skipIf(!isHere)(`the real ${title}`, { timeout: 20 * MINUTE }, () => {
    const agent = useCodingAgent(useStores(), kind);
    const understood = () => agent.answers(() => ({ text: 'Understood.' }));
    const turnsOf = async (words: string) => (await agent.everything()).split(`user: ${words}`).length - 1;

    /** Starts new sessions until one is shown the words, because on a busy machine a late recall is left out. */
    const shown = (words: string, prompt: string, options?: TurnOptions): Promise<TurnRequests> =>
      until(
        `a request with "${words}"`,
        async () => {
          const turn = await agent.say(prompt, options);
          return turn.requests[0]?.shown.includes(words) && turn;
        },
        15 * MINUTE,
      );

    test('a turn is one episode in the memory of its project, with its tools and without its secrets', async () => {
      agent.answers(({ isToolResult }) =>
        isToolResult ? { text: 'The port is 6380.' } : kind.shell('echo port 6380'),
      );

      const { session } = await agent.say(
        'Harbor uses Valkey 8. <private>my salary</private> The key is sk-proj-a1B2c3D4e5F6g7H8i9J0k1L2m3N4.',
      );

      const episode = await agent.kept('The port is 6380.');
      expect(episode.content).toMatch(/^user: Harbor uses Valkey 8\.[\s\S]*\nassistant: The port is 6380\.$/);
      expect(JSON.stringify(episode)).not.toMatch(/salary|a1B2c3D4/);
      expect(episode.metadata).toMatchObject({
        ...{ host: kind.name, session, status: 'completed', model: expect.stringContaining('stub') },
        tools: [
          {
            tool: kind.shell('').tool,
            status: 'completed',
            input: 'echo port 6380',
            output: expect.stringContaining('port 6380'),
          },
        ],
      });
    });

    test('a second session starts with the memory of the first', async () => {
      understood();
      const { requests } = await shown('Valkey 8', 'What is up?');

      expect(requests[0]?.shown).toContain(RECALL_BEGIN);
    });

    describe.skipIf(!isFull)('in full', () => {
      test('a prompt gets relevant memory once, and the memory does not store it again', async () => {
        await agent.memory.storeEpisode('The lighthouse of Pier is painted by Ines Aalto.');
        agent.answers(() => ({ text: 'The lighthouse of Pier is painted by Ines Aalto.' }));

        const { requests } = await shown('painted by Ines Aalto', 'Who paints the lighthouse of Pier?');

        expect(requests[0]?.shown.split('painted by Ines Aalto')).toHaveLength(2);
        expect((await agent.everything()).split('painted by Ines Aalto')).toHaveLength(2);
      });

      test('a session in a worktree uses the same memory', async () => {
        understood();
        const directory = agent.place.worktree;
        await shown('Valkey 8', 'What does Harbor use here?', { directory });
        await agent.say('This is said in a worktree.', { directory });

        await agent.kept('said in a worktree');
      });

      test('a resumed session continues, and each of its turns is stored once', async () => {
        understood();
        const { session } = await agent.say('Turn one is ordinary.');
        await agent.say('Turn two comes after a resume.', { session });
        await agent.say('Turn three too.', { session });

        expect((await agent.kept('Turn three too.')).metadata).toMatchObject({ session });
        const turns = [...(await agent.everything()).matchAll(/user: Turn (\w+)/g)].map(([, number]) => number);
        expect(turns.sort()).toEqual(['one', 'three', 'two']);
      });

      test('a resumed session gets new rules of other sessions', async () => {
        understood();
        const { session } = await agent.say('This session is resumed later.');
        await agent.say('Always paint the boats of Pier green.');
        await agent.kept('Always paint the boats');

        const { requests } = await shown('paint the boats of Pier green', 'Go on.', { session });

        expect(requests.at(-1)?.shown).toContain('This session is resumed later.');
      });

      test('a killed session: its finished turn is stored, and the unfinished one when the session is resumed', async () => {
        understood();
        const { session } = await agent.say('This turn ends before the kill.');
        agent.answers(() => ({ text: 'Half of this is said when the agent dies.', isHeld: true }));
        const running = agent.start('This turn is killed in the middle.', { session });
        await until('the question', () => agent.model.requests.some(({ shown }) => shown.includes('is killed')));
        await until('its line in the transcript', () => isRecorded('This turn is killed in the middle.'));
        running.kill('SIGKILL');
        await running.ended;

        expect((await agent.kept('ends before the kill')).metadata).toMatchObject({ status: 'completed' });
        understood();
        await agent.say('This turn comes after the kill.', { session });
        await agent.kept('comes after the kill');

        expect((await agent.kept('is killed in the middle')).metadata).toMatchObject({ status: 'aborted' });
        for (const turn of ['ends before the kill', 'is killed in the middle', 'comes after the kill'])
          expect(await turnsOf(`This turn ${turn}`)).toBe(1);
      });

      test('turns of a sub-agent are left out', async () => {
        agent.answers((request) => {
          if (request.shown.includes('look for the secret cove') && !request.shown.includes('Send a helper'))
            return { text: FOUND };
          return request.shown.includes(FOUND) ? { text: 'The helper found it.' } : kind.subAgent(request);
        });

        await agent.say('Send a helper.');

        expect((await agent.kept('The helper found it.')).content).toContain('user: Send a helper.');
        expect(await turnsOf('look for the secret cove')).toBe(0);
      });

      test('a compaction: its summary is an episode of its own, and the session gets its memory again', async () => {
        understood();
        const { session } = await agent.say('What does Harbor use, before the compaction?');
        agent.answers((request) => ({ text: kind.isCompaction(request) ? SUMMARY : 'Understood.' }));

        await kind.compact(agent, session);

        const summary = await agent.kept(SUMMARY);
        expect(summary.content).toBe(SUMMARY);
        expect(summary.metadata).toMatchObject({ kind: 'summary', host: kind.name, session });
        expect((await agent.everything()).split(SUMMARY)).toHaveLength(2);
        const { requests } = await agent.say('And what does Harbor use, after the compaction?', { session });
        expect(requests.at(-1)?.shown).toContain(SUMMARY);
      });

      test('the MCP server adds and finds, and its calls are not stored with the turn', async () => {
        await kind.addServer(agent);
        const results: string[] = [];
        const use = async (tool: string, input: object) => {
          agent.answers((request) => {
            const name = request.tools.find((name) => name.endsWith(tool));
            // The server has not started yet.
            if (name === undefined) return { text: 'There is no such tool.' };
            if (!request.isToolResult) return { tool: name, input };
            results.push(request.last);
            return { text: `Used ${tool}.` };
          });
          const before = results.length;
          const attempt = async () => {
            await agent.say(`Use ${tool}.`, { options: kind.patientServers });
            return results.length > before;
          };
          await until(`a result of ${tool}`, attempt, 15 * MINUTE);
          return results.at(-1) ?? '';
        };

        expect(await use('add_memory', { name: 'note', episode_body: 'Lantern runs on port 4711.' })).toMatch(/queued/);
        await agent.kept('Lantern runs on port 4711.');
        await agent.everything();
        expect(await use('search_memory_facts', { query: 'Lantern port' })).toContain('4711');

        const turn = await agent.kept('Used add_memory.');
        expect(turn.metadata).not.toHaveProperty('tools');
      });

      test('the memory command: the agent gets its text, and nothing that it looks up is stored again', async () => {
        await agent.memory.storeEpisode('The buoy of Pier is orange.');
        const script = join(inject('built'), 'dist', 'bin', 'main.cjs');
        agent.answers((request) =>
          request.isToolResult
            ? { text: 'It is in the list.' }
            : kind.shell(`${process.execPath} ${script} episode --group auto`),
        );

        const { requests } = await agent.say(`${kind.memoryCommand} what is kept?`);

        expect(requests[0]?.shown).toContain('asks about the long-term memory of this project');
        expect(requests[0]?.shown).toContain('what is kept?');
        expect(requests.at(-1)?.last).toContain('The buoy of Pier is orange.');
        const turn = await agent.kept('It is in the list.');
        expect(turn.content).toMatch(/^user: \S+ what is kept\?\nassistant: It is in the list\.$/);
        expect(turn.metadata).not.toHaveProperty('tools');
      });

      test('MEMORY_DISABLED=1 stores nothing', async () => {
        understood();
        const { requests } = await agent.say('What does Harbor use in silence?', {
          environment: { MEMORY_DISABLED: '1' },
        });

        expect(requests[0]?.shown).not.toContain(RECALL_BEGIN);
        expect(await turnsOf('What does Harbor use in silence?')).toBe(0);
      });
    });

    function isRecorded(words: string): boolean {
      const names = readdirSync(agent.place.home, { recursive: true, encoding: 'utf8' });
      const transcripts = names.filter((name) => name.endsWith('.jsonl') && /sessions|projects/.test(name));
      return transcripts.some((name) => readFileSync(join(agent.place.home, name), 'utf8').includes(words));
    }
  });
}

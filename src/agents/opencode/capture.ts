import { withoutRecalledSentences } from '../../redaction/recall-marks.ts';
import type { SessionSummary, Turn } from '../capture/turn.ts';
import type { AssistantMessage, HostEvent, HostPrompt, PromptOutput } from './host.ts';
import {
  emptyTurn,
  finishedTurn,
  isCompleteTurn,
  joinTurns,
  type OpenTurn,
  openTurn,
  recordAnswer,
  recordFailure,
  recordPart,
  recordSummaryPart,
} from './open-turn.ts';
import {
  recordAnswers,
  recordEpisode,
  recordOwner,
  recordUserText,
  repeatableSentences,
  type TrackedSession,
  type TrackedSessions,
} from './sessions.ts';

export interface Capture {
  prompted(prompt: HostPrompt, output: PromptOutput): void;
  happened(event: HostEvent): void;
  /** Ends the unfinished turns. */
  end(): void;
}

/** Each function returns the uuid of the episode if it was stored. */
export interface CaptureSink {
  turn(turn: Turn): string | undefined;
  summary(summary: SessionSummary): string | undefined;
}

/**
 * Collects each turn and each compaction summary from the host's events, and passes it on once, when it is complete.
 * @param isTemplate whether a slash command's template added words to a message
 */
export function openCapture(
  sessions: TrackedSessions,
  worktree: string,
  keep: CaptureSink,
  isTemplate: (text: string) => boolean = () => false,
): Capture {
  function finish(session: TrackedSession, turn: OpenTurn): void {
    const recalled = repeatableSentences(session);
    session.turns.delete(turn.message);
    if (session.isChild) return;
    recordAnswers(session, turn);
    const completed = finishedTurn(turn, session.id, worktree);
    const without = (text: string) => withoutRecalledSentences(text, recalled);
    const uuid = keep.turn({
      ...completed,
      assistant: without(completed.assistant),
      tools: completed.tools.map((used) => ({ ...used, input: without(used.input), output: without(used.output) })),
      recalled: recalled.size > 0,
    });
    if (uuid !== undefined) recordEpisode(session, uuid);
  }

  function answered(answer: AssistantMessage): void {
    const session = sessions.of(answer.sessionID);
    if (session.isChild) return;
    if (answer.summary || answer.mode === 'compaction') {
      summarised(session, answer);
      return;
    }
    const turn = ownerOf(session, answer);
    if (!turn) return;
    recordAnswer(turn, answer);
    // After an abort the session becomes idle before the last message is complete.
    if (turn.isIdle && isCompleteTurn(turn)) finish(session, turn);
  }

  function summarised(session: TrackedSession, { id, time, error, providerID, modelID }: AssistantMessage): void {
    const isNew = !session.owners.has(id);
    recordOwner(session, id, null);
    if (isNew) session.summaries.set(id, { startedAt: time.created, texts: new Map() });
    const summary = session.summaries.get(id);
    if (!summary || (time.completed === undefined && !error)) return;
    session.summaries.delete(id);
    const text = [...summary.texts.values()].filter((part) => part.trim() !== '').join('\n\n');
    // An incomplete summary contains less than the turns themselves.
    if (error || text === '') return;
    const uuid = keep.summary({
      ...{ host: 'opencode', session: session.id, message: id },
      text: withoutRecalledSentences(text, repeatableSentences(session)),
      ...(modelID && { model: providerID ? `${providerID}/${modelID}` : modelID }),
      referenceTime: new Date(summary.startedAt),
      userTexts: [...session.userTexts],
    });
    if (uuid !== undefined) recordEpisode(session, uuid);
  }

  /** After a compaction the agent answers a message of the host, not the user: its answer belongs to the previous turn. */
  function ownerOf(session: TrackedSession, { id, parentID, time }: AssistantMessage): OpenTurn | undefined {
    const owner = session.owners.get(id);
    if (owner !== undefined) return owner === null ? undefined : session.turns.get(owner);
    const turn =
      session.turns.get(parentID) ?? [...session.turns.values()].at(-1) ?? emptyTurn(parentID, '', time.created);
    session.turns.set(turn.message, turn);
    recordOwner(session, id, turn.message);
    return turn;
  }

  function rested(session: TrackedSession): void {
    for (const turn of [...session.turns.values()]) {
      turn.isIdle = turn.answers.size > 0 || turn.failure !== undefined;
      if (turn.isIdle && isCompleteTurn(turn)) finish(session, turn);
    }
  }

  return {
    prompted(prompt, output) {
      const session = sessions.of(prompt.sessionID);
      if (session.isChild) return;
      const turn = openTurn(output, prompt.agent);
      turn.isTemplate = isTemplate(turn.user);
      recordUserText(session, turn.user);
      session.turns.set(output.message.id, turn);
    },
    happened(event) {
      switch (event.type) {
        case 'session.created':
          return sessions.created(event.properties.info);
        case 'session.deleted':
          return sessions.deleted(event.properties.info.id);
        case 'message.updated': {
          const { info } = event.properties;
          return info.role === 'assistant' ? answered(info) : undefined;
        }
        case 'message.part.updated': {
          const { part } = event.properties;
          const session = sessions.of(part.sessionID);
          const summary = session.summaries.get(part.messageID);
          if (summary) return recordSummaryPart(summary.texts, part);
          const turn = session.turns.get(session.owners.get(part.messageID) ?? '');
          return turn && recordPart(turn, part);
        }
        case 'session.error': {
          const { sessionID, messageID, error } = event.properties;
          const turns = sessionID ? sessions.of(sessionID).turns : undefined;
          const turn = messageID === undefined ? [...(turns?.values() ?? [])].at(-1) : turns?.get(messageID);
          return turn && recordFailure(turn, error?.name);
        }
        case 'prompts.joined': {
          const { sessionID, messageID, joinedID } = event.properties;
          const { turns } = sessions.of(sessionID);
          const [turn, joined] = [turns.get(messageID), turns.get(joinedID)];
          if (!turn || !joined) return undefined;
          turns.delete(joinedID);
          return joinTurns(turn, joined);
        }
        case 'session.compacted':
          sessions.of(event.properties.sessionID).isPrimed = false;
          return undefined;
        case 'session.idle':
          return rested(sessions.of(event.properties.sessionID));
      }
    },
    end() {
      for (const session of sessions.all())
        for (const turn of [...session.turns.values()]) if (turn.answers.size > 0) finish(session, turn);
    },
  };
}

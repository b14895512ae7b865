import type { AssistantMessage, HostEvent as FirstHostEvent, MessagePart } from '../host.ts';
import type { EventData, ServiceEvent } from './host.ts';

/** Translates the events of OpenCode 2 into those of opencode 1, so that both hosts share the capture. */
export interface EventTranslator {
  /** Records a session whose events are translated, and a message of its user that will be delivered. */
  prompted(session: string, message: string): void;
  /** Undoes `prompted` for a session that turns out to be another's. */
  leaveOut(session: string): void;
  translated(event: ServiceEvent): FirstHostEvent[];
}

/** A session between two events. */
interface Progress {
  /** Messages of the user that the host has accepted and not yet delivered to the agent. */
  readonly waiting: Set<string>;
  /** The message that the agent works on. */
  current: string | undefined;
  /** True once the agent has begun to answer `current`. */
  isAnswered: boolean;
  readonly calls: Map<string, { name: string; input?: unknown }>;
}

const MOST_SESSIONS = 500;
const MOST_EVENTS = 2_000;

/**
 * A turn begins when a message is delivered, and each step of the agent belongs to the last message delivered before. Messages
 * that were delivered together have one answer and are one turn. Only sessions of which `prompted` was called count: the host
 * sends the events of all its sessions, those of other projects and of sub-agents too.
 */
export function openEventTranslator(): EventTranslator {
  const sessions = new Map<string, Progress>();
  const seen = new Set<string>();

  function isRepeated({ id, type }: ServiceEvent): boolean {
    if (id === undefined || type.endsWith('.delta')) return false;
    if (seen.has(id)) return true;
    seen.add(id);
    forgetOldest(seen, MOST_EVENTS);
    return false;
  }

  return {
    prompted(session, message) {
      const progress = sessions.get(session) ?? newProgress();
      sessions.set(session, progress);
      progress.waiting.add(message);
      forgetOldest(sessions, MOST_SESSIONS);
    },
    leaveOut: (session) => void sessions.delete(session),
    translated(event) {
      const session = event.data?.sessionID;
      const progress = session === undefined ? undefined : sessions.get(session);
      if (!event.data || !session || !progress || isRepeated(event)) return [];
      if (event.type === 'session.deleted') {
        sessions.delete(session);
        return [{ type: 'session.deleted', properties: { info: { id: session } } }];
      }
      if (event.type === 'session.moved') {
        sessions.delete(session);
        return [];
      }
      return translate(session, progress, event, event.data);
    },
  };
}

function newProgress(): Progress {
  return { waiting: new Set(), current: undefined, isAnswered: false, calls: new Map() };
}

function translate(session: string, progress: Progress, event: ServiceEvent, data: EventData): FirstHostEvent[] {
  switch (event.type) {
    // Releases before 2.0 called them the second name.
    case 'session.inbox.delivered':
    case 'session.input.promoted':
      return delivered(session, progress, data.inboxID ?? data.inputID ?? '');
    case 'session.inbox.cancelled':
      progress.waiting.delete(data.inboxID ?? '');
      return [];
    case 'session.step.started':
      return stepStarted(session, progress, event, data);
    // A failed step may be tried again: whether the turn failed is known at its end.
    case 'session.step.ended':
    case 'session.step.failed':
      return stepEnded(session, progress, event, data);
    case 'session.text.ended':
      return part(session, data, `text_${data.ordinal ?? 0}`, { type: 'text', text: data.text ?? '' });
    case 'session.tool.input.started':
    case 'session.tool.called': {
      const known = progress.calls.get(callOf(data));
      progress.calls.set(callOf(data), { name: data.name ?? known?.name ?? 'tool', input: data.input ?? known?.input });
      return [];
    }
    case 'session.tool.success':
    case 'session.tool.failed':
      return toolEnded(session, progress, data, event.type === 'session.tool.failed');
    case 'session.compaction.ended':
      return compacted(session, event, data);
    case 'session.execution.succeeded':
      return rested(session, progress);
    case 'session.execution.failed':
      return broken(session, progress, data.error?.type ?? 'error');
    case 'session.execution.interrupted':
      return broken(session, progress, 'MessageAbortedError');
    default:
      return [];
  }
}

function delivered(session: string, progress: Progress, message: string): FirstHostEvent[] {
  const isPrompt = progress.waiting.delete(message);
  const { current } = progress;
  // Text that the host inserts, such as a finished shell's output, continues the current turn.
  if (!isPrompt && current !== undefined) return [];
  if (current !== undefined && !progress.isAnswered)
    return [{ type: 'prompts.joined', properties: { sessionID: session, messageID: current, joinedID: message } }];
  progress.current = message;
  progress.isAnswered = false;
  return [];
}

function stepStarted(session: string, progress: Progress, event: ServiceEvent, data: EventData): FirstHostEvent[] {
  const id = data.assistantMessageID ?? '';
  progress.current ??= id;
  progress.isAnswered = true;
  return [{ type: 'message.updated', properties: { info: answer(session, id, progress.current, event, data) } }];
}

function stepEnded(session: string, progress: Progress, event: ServiceEvent, data: EventData): FirstHostEvent[] {
  const id = data.assistantMessageID ?? '';
  const created = event.created ?? Date.now();
  const info: AssistantMessage = {
    ...answer(session, id, progress.current ?? id, event, data),
    time: { created, completed: created },
    ...(data.tokens && { tokens: data.tokens }),
  };
  const patch = data.files?.length ? part(session, data, 'files', { type: 'patch', files: data.files }) : [];
  return [...patch, { type: 'message.updated', properties: { info } }];
}

function answer(
  session: string,
  id: string,
  parentID: string,
  { created = Date.now() }: ServiceEvent,
  { agent, model }: EventData,
): AssistantMessage {
  return {
    ...{ id, sessionID: session, role: 'assistant', parentID, time: { created } },
    ...(model && { providerID: model.providerID, modelID: model.id }),
    ...(agent && { mode: agent }),
  };
}

function part(
  session: string,
  data: EventData,
  name: string,
  content: Omit<MessagePart, 'id' | 'sessionID' | 'messageID'>,
) {
  const messageID = data.assistantMessageID ?? '';
  const whole: MessagePart = { ...content, id: `${messageID}_${name}`, sessionID: session, messageID };
  return [{ type: 'message.part.updated', properties: { part: whole } } as const];
}

function toolEnded(session: string, progress: Progress, data: EventData, hasFailed: boolean): FirstHostEvent[] {
  const call = progress.calls.get(callOf(data));
  const output = textIn(data.content);
  progress.calls.delete(callOf(data));
  return part(session, data, callOf(data), {
    type: 'tool',
    tool: call?.name ?? 'tool',
    state: hasFailed
      ? { status: 'error', input: call?.input, error: data.error?.message ?? output }
      : { status: 'completed', input: call?.input, output },
  });
}

function compacted(session: string, event: ServiceEvent, data: EventData): FirstHostEvent[] {
  const message = data.inputID ?? event.id ?? '';
  const info = { ...answer(session, message, message, event, data), summary: true };
  const text = { type: 'text', text: data.text ?? data.summary ?? '' };
  return [
    { type: 'message.updated', properties: { info } },
    ...part(session, { ...data, assistantMessageID: message }, 'summary', text),
    {
      type: 'message.updated',
      properties: { info: { ...info, time: { ...info.time, completed: info.time.created } } },
    },
    { type: 'session.compacted', properties: { sessionID: session } },
  ];
}

function rested(session: string, progress: Progress): FirstHostEvent[] {
  progress.current = undefined;
  progress.isAnswered = false;
  progress.calls.clear();
  return [{ type: 'session.idle', properties: { sessionID: session } }];
}

function broken(session: string, progress: Progress, name: string): FirstHostEvent[] {
  const { current } = progress;
  // An execution without a message is none of the user's turns.
  if (current === undefined) return rested(session, progress);
  const properties = { sessionID: session, messageID: current, error: { name } };
  return [{ type: 'session.error', properties }, ...rested(session, progress)];
}

const callOf = ({ id, callID }: EventData): string => id ?? callID ?? '';

const textIn = (content: EventData['content'] = []): string =>
  content.flatMap(({ type, text }) => (type === 'text' && text ? [text] : [])).join('\n');

function forgetOldest(things: Map<string, unknown> | Set<string>, most: number): void {
  for (const oldest of things.keys()) {
    if (things.size <= most) return;
    things.delete(oldest);
  }
}

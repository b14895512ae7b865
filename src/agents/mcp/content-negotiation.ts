const EVENTS = 'text/event-stream';
const JSON_TYPE = 'application/json';

/** The SDK requires that every client accepts both forms; the real choice is made here. */
export const ACCEPT_BOTH_TYPES = `${JSON_TYPE}, ${EVENTS}`;

/**
 * The answer in a form that the client accepts: an event stream for clients that name this type, else plain JSON. Our tools send
 * nothing before their result, so each stream has one message.
 * @param accept the `Accept` header; null for none, which accepts anything
 */
export async function negotiateResponse(response: Response, accept: string | null): Promise<Response> {
  const accepts = acceptedTypes(accept);
  const isStream = response.headers.get('content-type')?.startsWith(EVENTS) === true;
  if (isStream && !accepts.some(takesEvents)) return asJson(response);
  if (!isStream && response.ok && response.body && accepts.length > 0 && !accepts.some(takesJson))
    return asEvents(response);
  return response;
}

/** False for clients that take neither of the two forms. */
export function isAcceptable(accept: string | null): boolean {
  const accepts = acceptedTypes(accept);
  return accepts.length === 0 || accepts.some((type) => takesJson(type) || takesEvents(type));
}

const takesEvents = (type: string): boolean => type === EVENTS || type === 'text/*';
const takesJson = (type: string): boolean => type === JSON_TYPE || type === 'application/*' || type === '*/*';

const acceptedTypes = (accept: string | null): string[] =>
  (accept ?? '')
    .toLowerCase()
    .split(',')
    .map((part) => part.split(';').map((piece) => piece.trim()))
    .filter(([type, ...parameters]) => type !== '' && !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter)))
    .map(([type = '']) => type);

async function asJson(response: Response): Promise<Response> {
  const messages = (await response.text())
    .split(/\r?\n\r?\n/)
    .map((event) => event.split(/\r?\n/).flatMap((line) => (line.startsWith('data:') ? [line.slice(5).trim()] : [])))
    .map((data) => data.join('\n'))
    .filter((data) => data !== '');
  const body = messages.length === 1 ? messages[0] : `[${messages.join(',')}]`;
  return new Response(body, { status: response.status, headers: { 'content-type': JSON_TYPE } });
}

async function asEvents(response: Response): Promise<Response> {
  const body = `event: message\ndata: ${await response.text()}\n\n`;
  return new Response(body, { status: response.status, headers: { 'content-type': EVENTS } });
}

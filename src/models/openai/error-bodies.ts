import { parseJson } from '../../json.ts';
/**
 * `fetch` for the `openai` package, which reads a failure only from a member `error` of the body. Other servers send a list
 * (Gemini), `detail` (FastAPI), `message` at the top (vLLM, Mistral, Text Embeddings Inference) or plain text; theirs gets that
 * member here, so that its words can be looked at.
 */
export async function fetchWithErrorBodies(input: string | URL | Request, init?: RequestInit): Promise<Response> {
  const response = await fetch(input, init);
  if (response.ok) return response;
  const text = await response.text();
  const { status, statusText, headers } = response;
  const body = JSON.stringify({ error: errorIn(text) });
  const kept = new Headers(headers);
  for (const name of ['content-length', 'content-encoding', 'transfer-encoding']) kept.delete(name);
  kept.set('content-type', 'application/json');
  return new Response(body, { status, statusText, headers: kept });
}

function errorIn(text: string): object {
  const given = parseJson(text);
  const first: unknown = Array.isArray(given) ? given[0] : given;
  if (typeof first !== 'object' || first === null) return { message: text };
  const { error, detail, message } = first as Record<string, unknown>;
  if (typeof error === 'object' && error !== null) return error;
  if (typeof error === 'string') return { ...first, message: error };
  if (typeof message === 'string') return first;
  return { ...first, message: JSON.stringify(detail ?? message ?? first) };
}

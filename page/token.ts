// The token is in the address's fragment, which browsers never send. This tab keeps it and gives it to other tabs of the page on request.

import { readStored, writeStored } from './storage.ts';

const KEY = 'memory-manager token';
const channel = openChannel();
const ANSWERS_WITHIN_MS = 400;

let token: string | undefined;

/** The token from the address, from an earlier visit in this tab, or from another open tab; undefined if none has it. */
export async function findToken(): Promise<string | undefined> {
  const given = new URLSearchParams(location.hash.slice(1)).get('token');
  if (given !== null) history.replaceState(null, '', location.pathname + location.search);
  token = given ?? readStored('sessionStorage', KEY) ?? (await askOtherTabs());
  if (token !== undefined) writeStored('sessionStorage', KEY, token);
  channel?.addEventListener('message', ({ data }) => {
    if (data === 'who has the token?' && token !== undefined) channel.postMessage({ token });
  });
  return token;
}

export const currentToken = (): string => token ?? '';

/** Browsers with storage switched off may refuse a channel too. */
function openChannel(): BroadcastChannel | undefined {
  try {
    return new BroadcastChannel('memory-manager token');
  } catch {
    return undefined;
  }
}

async function askOtherTabs(): Promise<string | undefined> {
  if (!channel) return undefined;
  return new Promise((resolve) => {
    const listen = ({ data }: MessageEvent) => {
      if (typeof data?.token === 'string') finish(data.token);
    };
    const finish = (found: string | undefined) => {
      channel.removeEventListener('message', listen);
      clearTimeout(timer);
      resolve(found);
    };
    const timer = setTimeout(() => finish(undefined), ANSWERS_WITHIN_MS);
    channel.addEventListener('message', listen);
    channel.postMessage('who has the token?');
  });
}

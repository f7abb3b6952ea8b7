// The connection to the register: copy this file, it is all that a front-end needs beside the generated types.

import createClient, { type Client } from "openapi-fetch";
import type { components, paths } from "./openapi.d.ts";

/** Every refusal has this form (RFC 9457); `type` is stable, `detail` is a sentence for people. */
export type Problem = components["schemas"]["Problem"];

// Lists answer in JSON, CSV and Excel. Naming the two JSON types here gives `data` the type of the record or page and
// `error` the type `Problem`; without them `data` would be `ProjectPage | string`. For CSV see `parseAs` in the story.
type Media = "application/json" | "application/problem+json";
export type Register = Client<paths, Media>;

/** Reading what is public needs no key; writing does. */
export function connect(url: string, key?: string): Register {
  const headers = key === undefined ? {} : { Authorization: `Bearer ${key}` };
  return createClient<paths, Media>({ baseUrl: url, headers });
}

/** What the register refused, as an exception. */
export class Refusal extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(`${problem.status} ${problem.type}: ${problem.detail} (request ${problem.request_id})`);
    this.problem = problem;
  }
}

type Answer<Data> = { data: Data; error?: never } | { data?: never; error: Problem };

/** The record or page of an answer; a refusal is thrown. */
export function dataOf<Data>(answer: Answer<Data>): Data {
  if (answer.error !== undefined) throw new Refusal(answer.error);
  return answer.data;
}

/** The problem of an answer that must be a refusal; anything else is thrown. */
export function problemOf(answer: Answer<unknown>): Problem {
  if (answer.error === undefined) throw new Error("The register did what it should have refused.");
  return answer.error;
}

/** A header that the document promises. */
export function header(answer: { response: Response }, name: string): string {
  const found = answer.response.headers.get(name);
  if (found === null) throw new Error(`The answer has no ${name}.`);
  return found;
}

/**
 * The options that follow an address which the register gave (`next` of a page, `lines` of a sum).
 *
 * Its query is sent as it stands. Never take it apart or build one: what is in it is the register's business.
 */
export function following(address: string): { querySerializer: () => string } {
  const query = address.slice(address.indexOf("?") + 1);
  return { querySerializer: () => query };
}

/**
 * Send a write, and send it again when no answer came.
 *
 * `send` must use one Idempotency-Key for all attempts. Whether the register never heard the first attempt or only its
 * answer was lost: the work is done once. (`fetch` throws a TypeError when the network fails; a refusal is an answer.)
 */
export async function withRetry<Result>(send: () => Promise<Result>, attempts = 3): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await send();
    } catch (failure) {
      if (!(failure instanceof TypeError) || attempt === attempts) throw failure;
      await new Promise((resolve) => setTimeout(resolve, 100 * 2 ** attempt));
    }
  }
}

/** Money comes as text with two decimals. Count in cents: sums of `number` are wrong sooner or later. */
export function cents(amount: string): bigint {
  return BigInt(amount.replace(".", ""));
}

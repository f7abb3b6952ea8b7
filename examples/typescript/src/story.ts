// A front-end's whole conversation with the register, one function per idea. It writes: use a register to throw away.
//
//   PORTFOLIO_URL=http://127.0.0.1:8000 PORTFOLIO_KEY=pk_… npm run story

import { randomBytes, randomUUID } from "node:crypto";
import type { components } from "./openapi.d.ts";
import { cents, connect, dataOf, following, header, problemOf, withRetry, type Register } from "./register.ts";

type Project = components["schemas"]["Project"];
type Application = components["schemas"]["Application"];

/** Every claim of this story is checked; the first that does not hold ends it with exit code 1. */
function claim(sentence: string, holds: boolean): asserts holds {
  if (!holds) throw new Error(`This does not hold: ${sentence}`);
  console.log(`  ${sentence}`);
}

/** 1. List: a page of projects. Query parameters, their values and the answer are typed. */
async function list(register: Register): Promise<string> {
  const answer = await register.GET("/v1/projects", {
    params: { query: { in_population: true, status: ["in_implementation", "completed"], limit: 5, count: true } },
  });
  const page = dataOf(answer);
  claim("a page holds no more than was asked for", page.items.length > 0 && page.items.length <= 5);
  claim("count says how many there are in all", page.count !== undefined && page.count >= page.items.length);
  // Unknown stays null, and TypeScript knows: a project may have no lead ministry.
  const ministries = page.items.map((project) => project.lead_ministry ?? "not known");
  console.log(`  led by ${[...new Set(ministries)].join(", ")}`);
  return header(answer, "Register-Revision"); // what the register knew; section 9 comes back to it
}

/** 2. Page through all: follow `next` until it is null. */
async function pageThroughAll(register: Register): Promise<Project[]> {
  const asked = { in_population: true, limit: 20, count: true };
  let page = dataOf(await register.GET("/v1/projects", { params: { query: asked } }));
  const count = page.count;
  const projects = page.items;
  while (page.next !== null) {
    page = dataOf(await register.GET("/v1/projects", following(page.next)));
    projects.push(...page.items);
  }
  claim(`all ${projects.length} projects were read`, projects.length === count);
  claim("none was read twice", new Set(projects.map((project) => project.slug)).size === count);
  return projects;
}

/** 3. Read a record. */
async function readRecord(register: Register, slug: string): Promise<string> {
  const answer = await register.GET("/v1/projects/{slug}", { params: { path: { slug } } });
  const project = dataOf(answer);
  claim(`the record is the one of the list: ${project.title_de}`, project.slug === slug);
  const missing = problemOf(await register.GET("/v1/projects/{slug}", { params: { path: { slug: "no-such-project" } } }));
  claim("what is not there answers a typed problem", missing.status === 404);
  return header(answer, "ETag");
}

/** 4. Conditional GET: send the ETag you have; 304 means that your copy is still good. */
async function readIfChanged(register: Register, slug: string, etag: string): Promise<void> {
  const { response } = await register.GET("/v1/projects/{slug}", {
    params: { path: { slug }, header: { "If-None-Match": etag } },
  });
  claim("nothing is sent again while the record is unchanged", response.status === 304);
}

/** 5. Create with retry: a new Idempotency-Key for each thing to be made, the same one for each attempt. */
async function createWithRetry(register: Register, slug: string): Promise<Project> {
  const key = randomUUID(); // made once, before the first attempt
  const unreliable = losingTheFirstAnswer();
  const answer = await withRetry(() =>
    register.POST("/v1/projects", {
      params: { header: { "Idempotency-Key": key } },
      body: { slug, title_de: "DEMO: Begrünte Dächer an Haltestellen", proposed_on: "2025-02-03" },
      fetch: unreliable, // only for this story; leave it out
    }),
  );
  const project = dataOf(answer);
  claim("the second attempt got the answer of the first", header(answer, "Idempotent-Replayed") === "true");
  claim("the project was made once and is proposed", project.version === 1 && project.status === "proposed");

  const wrong = problemOf(
    await register.POST("/v1/projects", {
      params: { header: { "Idempotency-Key": randomUUID() } },
      body: { slug: "Not An Address", title_de: "DEMO", proposed_on: "2025-02-03" },
    }),
  );
  claim("a refused field is named by its place", wrong.errors?.[0]?.pointer === "#/slug");
  return project;
}

/** A network that loses one answer: the register has done the work, and nobody hears of it. */
function losingTheFirstAnswer(): (request: Request) => Promise<Response> {
  let lost = false;
  return async (request) => {
    const response = await fetch(request);
    if (lost) return response;
    lost = true;
    throw new TypeError("the connection broke before the answer arrived");
  };
}

/** 6. Conflicting change: If-Match says what you have read; 412 means somebody else was faster. Read again, decide again. */
async function changeAgainstAnother(register: Register, slug: string): Promise<void> {
  const path = { slug };
  const mine = header(await register.GET("/v1/projects/{slug}", { params: { path } }), "ETag");
  const colleague = await register.PATCH("/v1/projects/{slug}", {
    params: { path, header: { "If-Match": mine } },
    body: { title_en: "DEMO: Green roofs" },
  });
  claim("the first change is done", dataOf(colleague).title_en === "DEMO: Green roofs");

  const change = { summary_en: "Roofs of stops are planted." };
  const late = await register.PATCH("/v1/projects/{slug}", {
    params: { path, header: { "If-Match": mine } },
    body: change,
  });
  claim("the second is refused, because it did not know of the first", problemOf(late).status === 412);

  const now = header(await register.GET("/v1/projects/{slug}", { params: { path } }), "ETag");
  const again = await register.PATCH("/v1/projects/{slug}", {
    params: { path, header: { "If-Match": now } },
    body: change,
  });
  const project = dataOf(again);
  claim("read again and sent again, both changes stand", project.title_en === "DEMO: Green roofs");
  claim("only the fields that were sent are touched", project.summary_en === change.summary_en);
}

/** 7. Transitions: a status is never set, it is reached; a refusal says which ones may follow. */
async function reachStatus(register: Register, slug: string): Promise<void> {
  const path = { slug };
  const refused = await register.POST("/v1/projects/{slug}/transitions", {
    params: { path },
    body: { to: "completed", on: "2025-03-10" },
  });
  const problem = problemOf(refused);
  claim("nobody completes what was never adopted", problem.type === "/problems/transition-not-allowed");
  claim(`the register says what may follow: ${problem.allowed?.join(", ")}`, problem.allowed?.includes("adopted") === true);

  // Adoption rests on a decision, and needs an action field and a lead ministry.
  const decision = dataOf(
    await register.POST("/v1/decisions", {
      params: { header: once() },
      body: {
        kind: "cabinet_decision",
        authority: "DEMO: Landesregierung",
        decided_on: "2025-03-10",
        title_de: "DEMO: Aufnahme der begrünten Dächer",
        effects: [{ project: slug, effect: "admit" }],
      },
    }),
  ).id;
  dataOf(
    await register.POST("/v1/projects/{slug}/assignments", {
      params: { path, header: once() },
      body: { action_field: "mobility", from_on: "2025-03-10", decision },
    }),
  );
  dataOf(
    await register.POST("/v1/projects/{slug}/roles", {
      params: { path, header: once() },
      body: { organisation: "MUNV", role: "lead_ministry", from_on: "2025-03-10", decision },
    }),
  );
  const adopted = dataOf(
    await register.POST("/v1/projects/{slug}/transitions", {
      params: { path },
      body: { to: "adopted", on: "2025-03-10", decision },
    }),
  );
  claim("the project is adopted, in its field, under its ministry", adopted.status === "adopted");
  claim("the answer is the whole record", adopted.action_field === "mobility" && adopted.lead_ministry === "MUNV");
}

/** A key for a write that is sent once. */
function once(): { "Idempotency-Key": string } {
  return { "Idempotency-Key": randomUUID() };
}

/** 8. Funding summary: every sum carries `lines`, the address of exactly the records it adds up. */
async function drillDown(register: Register, slug: string): Promise<void> {
  const application = await applyForFunding(register, slug);
  const summary = dataOf(
    await register.GET("/v1/reports/funding-summary", { params: { query: { group_by: ["level"] } } }),
  );
  const applied = summary.items.find((item) => item.group.level === "federal")?.applied;
  claim("there is a sum of what was applied for at federal level", applied !== undefined && applied.amount !== null);
  claim("it says where its lines are", typeof applied.lines === "string");

  // `lines` is fixed to the revision and day of the sum: both hold together, whatever is written meanwhile.
  const lines = await readLines(register, applied.lines);
  const total = lines.reduce((sum, line) => sum + cents(line.requested_amount ?? "0.00"), 0n);
  claim(`${lines.length} lines are as many as the sum counts`, lines.length === applied.lines_count);
  claim(`they add up to ${applied.amount} EUR, to the cent`, total === cents(applied.amount));
  claim("our application is one of them", lines.some((line) => line.id === application));
}

async function readLines(register: Register, address: string): Promise<Application[]> {
  const page = dataOf(await register.GET("/v1/applications", following(address)));
  return page.next === null ? page.items : [...page.items, ...(await readLines(register, page.next))];
}

async function applyForFunding(register: Register, slug: string): Promise<string> {
  const application = dataOf(
    await register.POST("/v1/projects/{slug}/applications", {
      params: { path: { slug }, header: once() },
      body: { level: "federal", requested_amount: "1000000.01", purpose: "DEMO: Dächer begrünen" },
    }),
  );
  const submitted = dataOf(
    await register.POST("/v1/applications/{application_id}/transitions", {
      params: { path: { application_id: application.id } },
      body: { to: "submitted", on: "2025-04-01" },
    }),
  );
  claim("the application is submitted", submitted.status === "submitted");
  return application.id;
}

/** 9. Past moments: `known_at` is what the register had been told by then, `valid_on` what was true on a day. */
async function lookBack(register: Register, slug: string, revision: string): Promise<void> {
  const path = { slug };
  const before = await register.GET("/v1/projects/{slug}", { params: { path, query: { known_at: revision } } });
  claim(`at revision ${revision} the register did not know our project`, problemOf(before).status === 404);
  const earlier = dataOf(
    await register.GET("/v1/projects/{slug}", { params: { path, query: { valid_on: "2025-03-09" } } }),
  );
  claim("the day before its adoption it was only proposed", earlier.status === "proposed");
  const today = dataOf(await register.GET("/v1/projects/{slug}", { params: { path } }));
  claim("today it is adopted", today.status === "adopted");
}

/** 10. CSV: every list and report is a download too; `parseAs: "text"` makes `data` a string. */
async function download(register: Register): Promise<void> {
  const answer = await register.GET("/v1/applications", {
    params: { query: { format: "csv", level: ["federal"] } },
    parseAs: "text",
  });
  const table: string = dataOf(answer);
  claim("it is a CSV file", header(answer, "Content-Type").startsWith("text/csv"));
  claim("its first row names the columns", table.split("\r\n", 1)[0]?.includes("requested_amount") === true);
  claim("our application is in it, to the cent", table.includes("1000000.01"));
  console.log(`  a browser would save it as ${header(answer, "Content-Disposition")}`);
}

async function main(): Promise<void> {
  const { PORTFOLIO_URL: url, PORTFOLIO_KEY: key } = process.env;
  if (url === undefined || key === undefined) throw new Error("Set PORTFOLIO_URL and PORTFOLIO_KEY (a coordinator's key).");
  const register = connect(url, key);
  const slug = `demo-story-typescript-${randomBytes(4).toString("hex")}`;

  console.log("1. A list");
  const revision = await list(register);
  console.log("2. Page through all");
  const [first] = await pageThroughAll(register);
  claim("there is a project to look at", first !== undefined);
  console.log("3. A record");
  const etag = await readRecord(register, first.slug);
  console.log("4. Only if it changed");
  await readIfChanged(register, first.slug, etag);
  console.log("5. Create, and try again");
  await createWithRetry(register, slug);
  console.log("6. A change that conflicts");
  await changeAgainstAnother(register, slug);
  console.log("7. Transitions");
  await reachStatus(register, slug);
  console.log("8. A sum and its lines");
  await drillDown(register, slug);
  console.log("9. The past");
  await lookBack(register, slug, revision);
  console.log("10. CSV");
  await download(register);
  console.log("Everything holds.");
}

await main();

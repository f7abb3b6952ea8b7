// A real, certified OpenID provider on loopback. The tests start it as: node provider.mjs PORT KEY_IDS SECONDS
// KEY_IDS: names of signing keys, made anew at each start; the first one signs. SECONDS: how long a token is good.
import { generateKeyPairSync } from 'node:crypto';
import Provider from 'oidc-provider';

const [port, keyIds, seconds] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;
const audience = 'https://register.example/v1';
const keys = keyIds.split(',').map((kid) => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { ...privateKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'ES256' };
});
const people = {
  eva: { name: 'Eva Prüferin-Müller', groups: ['register-editor', 'staff'], organisation: 'MUNV' },
  anton: { name: 'Anton Ohne', groups: ['staff'], organisation: 'MUNV' },
};
const robots = {
  collector: { groups: ['register-audit'] },
  nobody: {},
};
const client = (client_id) => ({
  client_id,
  client_secret: 'only-for-tests',
  grant_types: ['client_credentials'],
  redirect_uris: [],
  response_types: [],
  id_token_signed_response_alg: 'ES256',
});
const resource = (name) => ({
  scope: 'register',
  audience: name,
  accessTokenFormat: 'jwt',
  accessTokenTTL: Number(seconds),
  jwt: { sign: { alg: 'ES256' } },
});

const provider = new Provider(issuer, {
  jwks: { keys },
  clients: [
    ...Object.keys(robots).map(client),
    {
      client_id: 'pages',
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code'],
      redirect_uris: ['http://127.0.0.1:9/back'],
      response_types: ['code'],
      id_token_signed_response_alg: 'ES256',
    },
  ],
  scopes: ['openid'],
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...people[id] }) }),
  extraTokenClaims: (_, token) => (token.accountId ? people[token.accountId] : robots[token.clientId]),
  features: {
    devInteractions: { enabled: true },
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => audience,
      useGrantedResource: () => true,
      getResourceServerInfo: (_, name) => resource(name),
    },
  },
  pkce: { required: () => true },
  cookies: { keys: ['only-for-tests'] },
});
provider.listen(Number(port), '127.0.0.1', () => console.log('ready'));

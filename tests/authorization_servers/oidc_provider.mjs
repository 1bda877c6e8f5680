// oidc-provider, set up by one JSON text: node oidc_provider.mjs PACKAGE DESCRIPTOR SETTINGS
import { createServer } from 'node:http';
import { pathToFileURL } from 'node:url';

const [directory, descriptor, text] = process.argv.slice(2);
const { issuer, audience, keys, clients, scopes } = JSON.parse(text);
const { default: Provider } = await import(pathToFileURL(`${directory}/lib/index.js`));

// The last part of a resource's name says how its tokens are signed, or that they are opaque.
const describeResource = (name) => {
  const kind = name.split('/').pop();
  const common = { audience, scope: scopes.join(' '), accessTokenTTL: 600 };
  return kind === 'opaque'
    ? { ...common, accessTokenFormat: 'opaque' }
    : { ...common, accessTokenFormat: 'jwt', jwt: { sign: { alg: kind } } };
};

const provider = new Provider(issuer, {
  clients,
  jwks: { keys },
  scopes: ['openid', ...scopes],
  cookies: { keys: ['only for tests'] },
  pkce: { required: () => false },
  enabledJWA: {
    idTokenSigningAlgValues: ['RS256', 'PS256', 'ES256', 'EdDSA'],
  },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  ttl: { AccessToken: 600, AuthorizationCode: 60, ClientCredentials: 600, Grant: 600, IdToken: 600, Interaction: 60, Session: 600 },
  features: {
    clientCredentials: { enabled: true },
    introspection: { enabled: true, allowedPolicy: () => true },
    revocation: { enabled: true, allowedPolicy: () => true },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: (_, name) => describeResource(name),
      useGrantedResource: () => true,
    },
  },
});

createServer(provider.callback()).listen({ fd: Number(descriptor) });

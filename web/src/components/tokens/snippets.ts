// Ready-made ways to use a new token. None holds the token itself: it would stay in a shell's history, and others on the
// machine can see a command's arguments.

export interface Use {
  /** Where this server is reached. */
  server: string;
  /** The machine's or the person's name. */
  name: string;
  actions: readonly string[];
  /** A config that the token reads, where there is one. */
  project: string | undefined;
  config: string | undefined;
}

export interface Snippet {
  title: string;
  /** What to do with it, where the snippet does not say so itself. */
  hint: string;
  text: string;
}

export function snippetsFor(use: Use): Snippet[] {
  const reads = use.actions.includes('secrets:export') && use.project !== undefined && use.config !== undefined;
  if (!reads) return [{ title: 'curl', hint: ASKS, text: shell(use, '/api/auth/tokens/self') }];
  const { project = '', config = '' } = use;
  return [
    { title: 'curl', hint: ASKS, text: shell(use, exportOf(project, config)) },
    kubernetesFor(use, project, config),
    {
      title: 'Compose',
      hint: 'Write the file again and start the services anew when something has changed.',
      text: compose(use, project, config),
    },
  ];
}

/** How a cluster gets a config. */
export function kubernetesFor(use: Pick<Use, 'server' | 'name'>, project: string, config: string): Snippet {
  return {
    title: 'Kubernetes',
    hint: 'The first part puts the token into a Secret of its own; the operator keeps the second one equal to the config.',
    text: kubernetes(use, project, config),
  };
}

const ASKS = 'It asks for the token, which then is in no history and in no list of processes.';

const exportOf = (project: string, config: string) => `/api/projects/${project}/configs/${config}/secrets?format=env`;

function shell({ server }: Use, path: string, more = ''): string {
  return [
    'read -rs SSM_TOKEN    # paste the token, then Enter',
    `printf 'Authorization: Bearer %s' "$SSM_TOKEN" |`,
    `  curl -fsS -H @- '${server}${path}'${more}`,
  ].join('\n');
}

function kubernetes({ server, name }: Pick<Use, 'server' | 'name'>, project: string, config: string): string {
  const secret = `ssm-token-${forKubernetes(name)}`;
  return [
    'read -rs SSM_TOKEN    # paste the token, then Enter',
    'printf %s "$SSM_TOKEN" |',
    `  kubectl create secret generic ${secret} --from-file=token=/dev/stdin`,
    `kubectl annotate secret ${secret} simplesecrets.io/server=${server}`,
    '',
    "kubectl apply -f - <<'END'",
    'apiVersion: simplesecrets.io/v1alpha1',
    'kind: SecretSync',
    'metadata:',
    // A slug may look like a number or a date, which YAML takes for one.
    `  name: "${forKubernetes(`${project}-${config}`)}"`,
    'spec:',
    '  server:',
    `    url: ${server}`,
    '  auth:',
    `    tokenSecretRef: { name: ${secret}, key: token }`,
    '  sources:',
    `    - { project: "${project}", config: "${config}" }`,
    'END',
  ].join('\n');
}

function compose(use: Use, project: string, config: string): string {
  const file = `${project}-${config}.env`;
  return [
    '# umask: the file is for its owner only',
    'umask 077',
    shell(use, exportOf(project, config), ` -o ${file}`),
    '',
    '# docker-compose.yml',
    'services:',
    '  web:',
    '    env_file:',
    `      - ${file}`,
  ].join('\n');
}

/** A name as Kubernetes takes it. */
function forKubernetes(name: string): string {
  const safe = name.toLowerCase().replace(/[^a-z0-9]+/g, '-');
  return safe.replace(/^-+|-+$/g, '').slice(0, 50).replace(/-+$/, '') || 'x';
}

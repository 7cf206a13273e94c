/** @file Settings made to fit: every way in which a condition of the catalog can be brought to hold, or not to. */
import { type Condition, type ContainerSettings, evaluateCondition, type Truth } from "../../../src/requirements/condition.ts";
import { NAMESPACE, type Settings, settingReader } from "./workloads.ts";

/** For each pattern of the catalog a text that it is meant for, as a user would write it. */
const MEANT: Readonly<Record<string, string>> = {
  [String.raw`(?i)^--providers\.kubernetescrd\.`]: "--providers.kubernetesCRD.allowCrossNamespace=true",
  [String.raw`(?i)^--providers\.kubernetesgateway\.`]: "--providers.kubernetesgateway.statusaddress.hostname=example.com",
  "^--": "--log.level=INFO",
  ".": "--log-level=debug",
  "^(--source=)?gateway-(http|grpc|tls|tcp|udp)route$": "--source=gateway-grpcroute",
  "(^|/)argocd-application-controller$": "/usr/local/bin/argocd-application-controller",
  "(^|/)argocd-applicationset-controller$": "argocd-applicationset-controller",
  "(ALB|NLB)GatewayAPI=true": "--feature-gates=NLBGatewayAPI=true,ALBGatewayAPI=false",
  EnableCSI: "--features=EnableAPIGroupVersions,EnableCSI",
  [String.raw`(^|/)cluster_operator_run\.sh$`]: "/opt/strimzi/bin/cluster_operator_run.sh",
  "(?m)^gateway:": "disablePermitInsecure: false\ngateway:\n  gatewayRef: { name: contour, namespace: projectcontour }\n",
  [String.raw`(?m)^enableGatewayAPI: *true|^gatewayAPI:\n +enabled: *true`]:
    "apiVersion: controller.config.cert-manager.io/v1alpha1\nenableGatewayAPI: true\nkind: ControllerConfiguration\n",
  XListenerSet: "kind: EnvoyGateway\nruntimeFlags:\n  enabled: [XListenerSet]\n",
};

/** @returns settings under each of which the condition is known to hold, or not to; none where nothing can tell. */
export function settingsFor(condition: Condition | null, holds: boolean): readonly Settings[] {
  if (condition === null) return holds ? [{}] : [];
  const wanted: Truth["kind"] = holds ? "yes" : "no";
  return waysTo(condition, holds).filter((settings) => truthUnder(condition, settings) === wanted);
}

export function truthUnder(condition: Condition, settings: Settings): Truth["kind"] {
  const { args = [], env = {} } = settings;
  const container: ContainerSettings = { namespace: NAMESPACE, args, env, hasForeignEnv: false };
  return evaluateCondition(condition, container, settingReader(settings)).kind;
}

function waysTo(condition: Condition, holds: boolean): readonly Settings[] {
  switch (condition.kind) {
    case "arg":
      return holds ? [{ args: [condition.value === null ? condition.name : `${condition.name}=${condition.value}`] }] : [{}];
    case "arg-regex":
      return holds ? [{ args: [meantBy(condition.pattern.source)] }] : [{}];
    case "env":
      return holds ? [{ env: { [condition.name]: condition.value } }] : [{}];
    case "config-map": {
      const { namespace, name, key } = condition.key;
      const value = condition.test.kind === "equals" ? condition.test.value : meantBy(condition.test.pattern.source);
      return [{ configMaps: { [`${namespace ?? NAMESPACE}/${name}/${key}`]: holds ? value : "something else" } }];
    }
    case "not":
      return waysTo(condition.condition, !holds);
    case "any-of":
      return holds ? oneOf(condition.conditions, true) : allOf(condition.conditions, false);
    case "all-of":
      return holds ? allOf(condition.conditions, true) : oneOf(condition.conditions, false);
    case "unreadable":
      return [];
  }
}

function oneOf(conditions: readonly Condition[], holds: boolean): readonly Settings[] {
  return conditions.flatMap((condition) => waysTo(condition, holds));
}

function allOf(conditions: readonly Condition[], holds: boolean): readonly Settings[] {
  return conditions.reduce<readonly Settings[]>(
    (ways, condition) => ways.flatMap((way) => waysTo(condition, holds).map((further) => together(way, further))),
    [{}],
  );
}

export function together(left: Settings, right: Settings): Settings {
  return {
    args: [...(left.args ?? []), ...(right.args ?? [])],
    env: { ...left.env, ...right.env },
    labels: { ...left.labels, ...right.labels },
    configMaps: { ...left.configMaps, ...right.configMaps },
  };
}

function meantBy(pattern: string): string {
  const text = MEANT[pattern];
  if (text === undefined) throw new Error(`give a text in MEANT that ${pattern} is meant for`);
  return text;
}

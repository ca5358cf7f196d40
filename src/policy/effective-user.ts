import type { UserFact } from "../domain/facts.ts";
import { resolveWindowsUser } from "../domain/windows-user.ts";

/** What a pod's or a container's securityContext says of its user; whatever is left out is `undefined`. */
export type UserChoice = {
  readonly runAsUser?: number | undefined;
  readonly runAsGroup?: number | undefined;
  readonly runAsNonRoot?: boolean | undefined;
  /** `windowsOptions.runAsUserName`. */
  readonly runAsUserName?: string | undefined;
};

/** `hostUsers: false` gives the pod a user namespace, in which root is nobody on the node. */
export type PodUserChoice = UserChoice & { readonly hostUsers?: boolean | undefined };

/** A pod that says nothing, and what an image is judged by where no pod is known. */
export const NO_CHOICE: PodUserChoice = {};

/** Who a container runs as once image and pod have spoken. `never-starts` is an outage and no breach. */
export type EffectiveUser = {
  readonly verdict: "root" | "root-in-user-namespace" | "nonroot" | "never-starts" | "unresolvable" | "invalid";
  readonly uid: number | undefined;
  /** `undefined` where only the image's etc/passwd could tell it and nobody has looked there. */
  readonly gid: number | undefined;
  /** Continues "because …", with what to do about it. */
  readonly because: string;
};

/**
 * Image and pod decide together who runs (reference: inspection, 3.3; kubernetes pkg/securitycontext/util.go): each value
 * of the container, whether it is an init, an ephemeral or a plain one, stands before the pod's by itself.
 */
export function effectiveUser(image: UserFact, os: string, pod: PodUserChoice, container: UserChoice): EffectiveUser {
  const choice: Choice = {
    user: container.runAsUser ?? pod.runAsUser,
    group: container.runAsGroup ?? pod.runAsGroup,
    nonRoot: container.runAsNonRoot ?? pod.runAsNonRoot ?? false,
    userName: container.runAsUserName ?? pod.runAsUserName,
  };
  if (os.toLowerCase() === "windows") return onWindows(image, choice);
  const user = onLinux(image, choice);
  return user.verdict === "root" && pod.hostUsers === false ? inNamespace(user) : user;
}

type Choice = {
  readonly user: number | undefined;
  readonly group: number | undefined;
  readonly nonRoot: boolean;
  readonly userName: string | undefined;
};

/** The API server takes no others (kubernetes pkg/apis/core/validation, IsValidUserID). */
const MAX_ID = 2 ** 31 - 1;

function onLinux(image: UserFact, choice: Choice): EffectiveUser {
  for (const [field, id] of [["runAsUser", choice.user] as const, ["runAsGroup", choice.group] as const]) {
    if (id === undefined || (Number.isSafeInteger(id) && id >= 0 && id <= MAX_ID)) continue;
    return who(
      "invalid",
      `${field} is ${id}, beyond 0 to ${MAX_ID}: no runtime should start it. Set a number in that range`,
    );
  }
  return choice.user === undefined ? byImage(image, choice) : byPod(image, choice, choice.user);
}

/** The image's USER no longer matters, neither to lower rights nor to raise them. */
function byPod(image: UserFact, { group, nonRoot }: Choice, user: number): EffectiveUser {
  // etc/passwd knows the group of any uid, but the facts hold only that of the image's own.
  const gid = group ?? (image.uid === user ? image.gidKubernetes : undefined);
  if (user > 0) return who("nonroot", `runAsUser is ${user}, whatever the image says`, { uid: user, gid });
  if (nonRoot) {
    const because =
      "runAsUser is 0 and runAsNonRoot is true, which the kubelet refuses. Set runAsUser to a number above 0";
    return who("never-starts", because);
  }
  const because = "runAsUser is 0, whatever the image says. Set runAsUser to a number above 0 and runAsNonRoot to true";
  return who("root", because, { uid: 0, gid });
}

function byImage(image: UserFact, { group, nonRoot }: Choice): EffectiveUser {
  const numbers = { uid: image.uid, gid: group ?? image.gidKubernetes };
  const { because, verdict } = image;
  switch (verdict) {
    case "nonroot":
      return who("nonroot", because, numbers);
    case "invalid":
      return who("invalid", `${because}${nonRoot ? BEFORE_RANGE_CHECK : ""}. Set USER to a number from 1 to ${MAX_ID}`);
    case "nonroot-named":
      if (nonRoot) return refused(because, `Write USER as ${image.uid ?? "a number"}, or set runAsUser to it`);
      return who("nonroot", because, numbers);
    case "unresolvable":
      if (nonRoot) return refused(because, "Set USER or runAsUser to a number above 0");
      return who("unresolvable", `${because}. Set USER or runAsUser to a number above 0`);
    case "root":
      if (nonRoot) return refused(because, "Set USER or runAsUser to a number above 0");
      return who("root", `${because}. Set USER to a number above 0, or runAsUser in the pod`, { ...numbers, uid: 0 });
  }
}

/** The range check of runAsNonRoot came with Kubernetes 1.34; CVE-2024-40635 and CVE-2026-46680 are containerd's. */
const BEFORE_RANGE_CHECK =
  "; runAsNonRoot does not help: a kubelet before 1.34 lets such numbers through, and an unpatched containerd runs them as root";

function refused(because: string, mend: string): EffectiveUser {
  return who("never-starts", `${because}, and the kubelet refuses that where runAsNonRoot is true. ${mend}`);
}

function inNamespace(user: EffectiveUser): EffectiveUser {
  const because = `${user.because}. hostUsers is false, so it is root in a user namespace and nobody on the node`;
  return { ...user, verdict: "root-in-user-namespace", because };
}

/** What the kubelet compares with, case included (security_context_windows.go); Windows itself does not care for case. */
const WINDOWS_ROOT = "ContainerAdministrator";

/** `runAsUser` and `runAsGroup` mean nothing there. */
function onWindows(image: UserFact, { nonRoot, userName }: Choice): EffectiveUser {
  const user = userName === undefined ? image : resolveWindowsUser(userName);
  const where = userName === undefined ? "USER" : "runAsUserName";
  const because = userName === undefined ? user.because : user.because.replace(/^USER/, "runAsUserName");
  switch (user.verdict) {
    case "nonroot":
    case "nonroot-named":
      return who("nonroot", because);
    case "root":
      if (nonRoot && user.configured === WINDOWS_ROOT) return refused(because, `Set ${where} to ContainerUser`);
      return who(
        "root",
        `${because}${nonRoot ? ", in a spelling that runAsNonRoot overlooks" : ""}. Set ${where} to ContainerUser`,
      );
    case "unresolvable":
    case "invalid":
      return who("unresolvable", `${because}. Set ${where} to ContainerUser`);
  }
}

function who(
  verdict: EffectiveUser["verdict"],
  because: string,
  numbers: Pick<EffectiveUser, "uid" | "gid"> = { uid: undefined, gid: undefined },
): EffectiveUser {
  return { verdict, ...numbers, because };
}

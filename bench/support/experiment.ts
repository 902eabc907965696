/** The experiment that every contender creates and gets. */
export const id = "7f3a1c52-9a5e-4f0e-8a8c-0d4f9a1b2c3d";

const metadata = { learningRate: 0.1, optimizer: "adam" };

export const input = { slug: "resnet-50", metadata };

const at = Date.UTC(2026, 0, 1);

/** The answer to both. */
export const answer = JSON.stringify({
  data: {
    experiment: {
      id,
      org_id: "org_1",
      folder: {
        folder_id: "f_2",
        org_id: "org_1",
        name: "resnet",
        parent_id_path: ["f_1"],
        path_name: "/models/resnet",
      },
      url: `https://metrics.syvain.com/experiments/${id}`,
      slug: "resnet-50",
      description: "",
      metadata: { ...metadata, layers: [1, 2, 3] },
      status: "running",
      error_name: null,
      error_detail: null,
      created_at_ms: at,
      updated_at_ms: at,
      started_at_ms: at,
      done_at_ms: null,
      last_heartbeat_at_ms: null,
      last_event_at_ms: at,
    },
  },
  error: null,
});

//! Small tables, broken tables, and the real ones.

use super::*;
use crate::scenario::Scenario;
use crate::scenario::model::trace::{Condition, Filter};
use std::path::PathBuf;

/// The starter with a program of GPU-seconds and one trace.
fn scenario(trace: &str) -> Scenario {
    let starter = crate::scenario::starter();
    let program = r#"
[[program]]
id = "pod"
kind = "batch"
sizes = ["gpu_seconds"]
cost = [{ resource = "f32", coefficient = 82_600_000_000_000, exponents = [1] }]
"#;
    let classes: String = ["t4", "a10g", "v100-16gb"].map(|id| format!(
        "\n[[class]]\nid = \"{id}\"\nname = \"{id}\"\nvram = \"16 GB\"\nf32 = \"8 TFLOPS\"\nbandwidth = \"320 GB/s\"\npower = \"70 W\"\nhardware = \"700 USD\"\nrental = \"0.1 USD/h\"\n"
    )).concat();
    let text = format!("{starter}{classes}{program}{trace}");
    Scenario::parse("test", &text, &[]).unwrap_or_else(|error| panic!("{}", error.plain())).scenario
}

const TERMS: &str = r#"reference = "rtx-4090", vram = "16 GB", reservation = { median = "1 USD/h" }"#;

fn azure() -> Scenario {
    scenario(&format!(
        "[[trace]]\nid = \"azure\"\nfile = \"azure.csv\"\npreset = \"azure-llm\"\nas.jobs = {{ program = \"decode-8b\", {TERMS} }}\n"
    ))
}

fn pods() -> Scenario {
    scenario(&format!(
        "[[trace]]\nid = \"pods\"\nfile = \"pods.csv\"\npreset = \"alibaba-pods\"\nas.jobs = {{ program = \"pod\", {TERMS} }}\n"
    ))
}

fn nodes() -> Scenario {
    scenario(
        "[[trace]]\nid = \"nodes\"\nfile = \"nodes.csv\"\npreset = \"alibaba-nodes\"\nas.providers = { like = \"gamers\" }\n",
    )
}

fn read_text(scenario: &Scenario, text: &[u8]) -> Result<Trace, TraceError> {
    read(scenario, &scenario.trace[0], "t.csv", text)
}

#[test]
fn small_requests_join_into_leases() {
    let text = b"timestamp,context_tokens,generated_tokens\n\
        2023-11-16 18:00:00,100,20\n2023-11-16 18:04:59,50,30\n2023-11-16 18:05:00,7,1\n";
    let trace = read_text(&azure(), text).unwrap();
    let job = |minutes: u64, tokens| Job { at: minutes * 60_000, sizes: [tokens, 0, 0, 0], gpus_log2: 0 };
    assert_eq!(trace.jobs, [job(5, 200), job(10, 8)]);
    assert_eq!((trace.report.rows, trace.report.kept, trace.report.leases), (3, 3, 2));
}

#[test]
fn columns_are_found_as_their_publisher_writes_them() {
    // The header of AzureLLMInferenceTrace_conv.csv.
    let text = b"TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46.6805900,374,44\n";
    assert_eq!(read_text(&azure(), text).unwrap().jobs[0].sizes[0], 418);
    let exact = b"TIMESTAMP,timestamp,context_tokens,generated_tokens\nnever,2023-11-16 18:15:46,1,2\n";
    assert_eq!(read_text(&azure(), exact).unwrap().jobs[0].sizes[0], 3);
    let ambiguous = b"TIMESTAMP,Timestamp,context_tokens,generated_tokens\n";
    let error = read_text(&azure(), ambiguous).unwrap_err().to_string();
    assert!(error.contains("column `timestamp`: there is no such column"), "{error}");
    let twice = b"timestamp,context_tokens,timestamp,generated_tokens\n2023-11-16 18:15:46,1,2023-11-16 18:15:46,2\n";
    let error = read_text(&azure(), twice).unwrap_err().to_string();
    assert!(error.contains(":1: column `timestamp`: several columns are called so"), "{error}");
}

#[test]
fn requests_that_one_lease_cannot_count_make_two() {
    let text = b"timestamp,context_tokens,generated_tokens\n\
        2023-11-16 18:00:00,4000000000,0\n2023-11-16 18:00:01,4000000000,0\n";
    let mut scenario = azure();
    // So cheap a token that even four billion of them are a small request.
    scenario.program[0].cost.truncate(1);
    scenario.program[0].cost[0].coefficient = 1;
    let sizes: Vec<u32> = read_text(&scenario, text).unwrap().jobs.iter().map(|job| job.sizes[0]).collect();
    assert_eq!(sizes, [4_000_000_000, 4_000_000_000]);
}

#[test]
fn a_scenario_keeps_fewer_rows_than_its_preset() {
    let mut scenario = pods();
    let keep = Filter { column: "creation_time".into(), is: Condition::AtLeast(75) };
    scenario.trace[0].keep.push(keep);
    let text = format!("{PODS}1,1000,70,4200,200\n1,1000,75,4200,200\n0,1000,80,4200,200\n");
    let report = read_text(&scenario, text.as_bytes()).unwrap().report;
    let dropped: Vec<_> = report.dropped.iter().map(|(reason, count)| (reason.as_str(), *count)).collect();
    assert_eq!((report.kept, dropped), (1, vec![("`creation_time` is too small", 1), ("`num_gpu` is not above zero", 1)]));
}

const PODS: &str = "num_gpu,gpu_milli,creation_time,deletion_time,scheduled_time\n";

#[test]
fn partial_gpus_are_leased_whole_and_the_inflation_is_reported() {
    let text = format!("{PODS}1,250,100,4200,200\n3,1000,50,20000,100\n0,0,60,70,65\n1,1000,70,80,\n1,500,80,90,90\n");
    let trace = read_text(&pods(), text.as_bytes()).unwrap();
    // The earliest, on 4 GPUs for 19,900 s each, then the quarter of a GPU for 4,000 s.
    let job = |at, gpu_seconds, gpus_log2| Job { at, sizes: [gpu_seconds, 0, 0, 0], gpus_log2 };
    assert_eq!(trace.jobs, [job(0, 79_600, 2), job(50_000, 4_000, 0)]);
    let report = &trace.report;
    assert_eq!((report.rows, report.kept, report.disordered), (5, 2, 1));
    let dropped: Vec<_> = report.dropped.iter().map(|(reason, count)| (reason.as_str(), *count)).collect();
    assert_eq!(
        dropped,
        [
            ("`num_gpu` is not above zero", 1),
            ("`scheduled_time` is empty", 1),
            ("`deletion_time` is not after `scheduled_time`", 1),
        ]
    );
    assert_eq!(report.inflation(), Some(5.0 / 3.25));
    assert_eq!(
        report.to_string(),
        "5 rows read, 2 kept (1 were out of order) as 2 leases; left out 1 where `num_gpu` is not above zero, \
         1 where `scheduled_time` is empty, 1 where `deletion_time` is not after `scheduled_time`; \
         3.2 GPUs asked for, 5 leased whole, 53.8 % more"
    );
}

#[test]
fn machines_of_unknown_models_are_counted() {
    let trace = read_text(&nodes(), b"sn,gpu,model\na,2,P100\nb,8,G3\nc,4,A10\nd,8,G3\n").unwrap();
    assert_eq!(
        trace.machines.iter().map(|machine| (machine.class.as_str(), machine.gpus)).collect::<Vec<_>>(),
        [("t4", 2), ("a10g", 4)]
    );
    assert_eq!(trace.report.dropped, [("no class stands for the model G3".into(), 2)]);
}

#[test]
fn what_is_wrong_is_named_with_its_place_and_mend() {
    let header = "timestamp,context_tokens,generated_tokens\n";
    let long = format!("{header}2023-11-16 18:00:00,1,{}\n", "9".repeat(1_000_000));
    let cases: [(&[u8], &str); 11] = [
        (b"", "t.csv: the file is empty (expected a line of column names"),
        (b"timestamp,tokens\n", "t.csv:1: column `context_tokens`: there is no such column (the table has `timestamp`, `tokens`"),
        (header.as_bytes(), "t.csv: no row is left to play"),
        (&[header.as_bytes(), b"yesterday,1,2\n"].concat(), "t.csv:2: column `timestamp`: expected a date and time"),
        (
            &[header.as_bytes(), b"2023-11-16 18:00:00,1,2\n2023-11-16 18:00:00,x,2\n"].concat(),
            "t.csv:3: column `context_tokens`: expected a number of at least 0, found \"x\"",
        ),
        (
            &[header.as_bytes(), b"2023-11-16 18:00:00,-1,2\n"].concat(),
            "t.csv:2: column `context_tokens`: expected a number of at least 0, found \"-1\"",
        ),
        (
            &[header.as_bytes(), b"2023-11-16 18:00:00,\xff\xfe,2\n"].concat(),
            "t.csv:2: column `context_tokens`: not UTF-8 text (save the file as UTF-8)",
        ),
        (
            &[header.as_bytes(), b"2023-11-16 18:00:00,1\n"].concat(),
            "t.csv:2: column `generated_tokens`: the row has only 2 fields of 3",
        ),
        (long.as_bytes(), "line 2 is longer than 65536 bytes"),
        (
            &[header.as_bytes(), b"2023-11-16 18:00:00,1,2,3\n"].concat(),
            "t.csv:2: the row has 4 fields, the line of column names 3",
        ),
        (&[header.as_bytes(), b"2023-11-16 18:00:00,1,1e300\n"].concat(), "and a lease counts to 4294967295"),
    ];
    for (text, expected) in cases {
        let error = read_text(&azure(), text).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}\ndoes not contain\n{expected}");
        assert!(error.len() < 500, "{error}");
    }
    let negative = format!("{PODS}1,1000,-5,20,10\n");
    let error = read_text(&pods(), negative.as_bytes()).unwrap_err().to_string();
    assert!(error.contains("t.csv:2: column `creation_time`: expected seconds of at least 0, found \"-5\""), "{error}");
}

#[test]
fn a_file_that_is_not_there_says_where_it_was_looked_for() {
    let starter = crate::scenario::starter();
    let trace = format!(
        "[[trace]]\nid = \"a\"\nfile = \"nowhere.csv\"\npreset = \"azure-llm\"\nas.jobs = {{ program = \"decode-8b\", {TERMS} }}\n"
    );
    let loaded = Scenario::parse("test", &format!("{starter}{trace}"), &[]).unwrap();
    let error = read_all(&loaded).unwrap_err().to_string();
    assert!(error.starts_with("nowhere.csv: cannot be read"), "{error}");
}

/// A file of the collected traces; says how to get it when it is not at hand.
fn real(name: &str, origin: &str) -> Option<(PathBuf, std::fs::File)> {
    let folder = std::env::var_os("PLASMA_DATA").map(PathBuf::from);
    let path = folder.as_ref().map(|folder| folder.join(name));
    match path.and_then(|path| Some((path.clone(), std::fs::File::open(path).ok()?))) {
        None => {
            eprintln!("skipped: {name} is missing. Put {origin} there and set PLASMA_DATA to its folder.");
            None
        }
        found => found,
    }
}

#[test]
fn the_azure_trace() {
    let origin =
        "github.com/Azure/AzurePublicDataset data/AzureLLMInferenceTrace_{conv,code}.csv, merged with a `service` column,";
    let Some((_, file)) = real("azure_llm_2023.csv", origin) else { return };
    let scenario = azure();
    let trace = read(&scenario, &scenario.trace[0], "azure", file).unwrap();
    assert_eq!((trace.report.rows, trace.report.kept, trace.report.disordered > 0), (28_185, 28_185, true));
    assert!(trace.jobs.len() < 20 && trace.jobs.is_sorted_by_key(|job| job.at));
}

#[test]
fn the_alibaba_pods_and_nodes() {
    let origin =
        "github.com/alibaba/clusterdata cluster-trace-gpu-v2023/csv/openb_pod_list_default.csv and openb_node_list_gpu_node.csv";
    let Some((_, file)) = real("alibaba_gpu_v2023_pods.csv", origin) else { return };
    let scenario = pods();
    let report = read(&scenario, &scenario.trace[0], "pods", file).unwrap().report;
    assert_eq!((report.rows, report.dropped[0].1), (8_152, 1_088));
    assert!(report.inflation().unwrap() > 1.1, "{report:?}");
    // Two of three waited, most of them for half a minute.
    let waits = report.waits.unwrap();
    assert_eq!((waits.waited, waits.p50 > 0, waits.p50 < 60_000), (4_281, true, true), "{waits:?}");
    let Some((_, file)) = real("alibaba_gpu_v2023_nodes.csv", origin) else { return };
    let scenario = nodes();
    let trace = read(&scenario, &scenario.trace[0], "nodes", file).unwrap();
    assert_eq!((trace.report.rows, trace.report.rows - trace.report.kept), (1_213, 588));
}

#[test]
fn recorded_waits_are_those_of_the_rows_that_are_kept() {
    // A hundred tasks that wait 0 to 99 seconds, one that starts before it arrives, one without a GPU.
    let row = |wait: i64, gpus: u32| format!("{gpus},1000,500,9000,{}\n", 500 + wait);
    let table: String = (0..100).map(|wait| row(wait, 1)).chain([row(-400, 1), row(50, 0)]).collect();
    let report = read_text(&pods(), format!("{PODS}{table}").as_bytes()).unwrap().report;
    assert_eq!(report.kept, 101);
    // By nearest rank among 0, 0, 1, …, 99 seconds.
    assert_eq!(report.waits, Some(Waits { waited: 99, p50: 49_000, p95: 94_000, p99: 98_000 }));
    let text = b"timestamp,context_tokens,generated_tokens\n2023-11-16 18:00:00,100,20\n";
    assert_eq!(read_text(&azure(), text).unwrap().report.waits, None);
}

#[test]
fn the_alibaba_image_requests() {
    let origin = "github.com/alibaba/clusterdata cluster-trace-v2026-GenAI/lora_request_trace.csv";
    let Some((_, file)) = real("alibaba_genai_v2026_lora_requests.csv", origin) else { return };
    let images = scenario(&format!(
        "[[trace]]\nid = \"images\"\nfile = \"i.csv\"\npreset = \"alibaba-images\"\nas.jobs = {{ program = \"pod\", {TERMS} }}\n"
    ));
    let trace = read(&images, &images.trace[0], "images", file).unwrap();
    assert_eq!((trace.report.rows, trace.report.kept), (26_823, 26_392));
    // 212 hours, each request rounded with its window to whole seconds.
    let seconds: u64 = trace.jobs.iter().map(|job| u64::from(job.sizes[0])).sum();
    assert!((762_900..763_200).contains(&seconds), "{seconds}");
}

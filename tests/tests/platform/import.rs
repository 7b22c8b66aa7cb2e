//! The import of real orders: killed half-way together with the platform, and run again, it ends in
//! the same state.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};
use tests::platform::{
    Barrier, History, PATIENCE, Platform, Shape, at_rest, eventually, program, say,
};

/// How many rows of the file are imported.
const ROWS: usize = 3_000;

/// The invoices of the cut that can be imported, and the others.
#[derive(Debug, Default)]
pub(super) struct Expected {
    /// Clean invoices: number to lines and total in pence.
    pub(super) clean: BTreeMap<String, (usize, i64)>,
    /// What is refused.
    refused: BTreeSet<String>,
    /// Pieces of all clean invoices.
    pieces: i64,
}

/// The file that `ORDERS_TEST_ONLINE_RETAIL` names, which must then be there; or one beside the
/// clone, which need not.
pub(super) fn real_orders() -> PathBuf {
    let named = std::env::var_os("ORDERS_TEST_ONLINE_RETAIL").filter(|named| !named.is_empty());
    if let Some(named) = named.map(PathBuf::from) {
        assert!(named.is_file(), "there is no file {}", named.display());
        return named;
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    root.join("../shared/data/online-retail-2010-12.csv")
}

/// The file's first rows, up to the end of an invoice.
pub(super) fn cut(from: &Path, to: &Path) -> Expected {
    let mut reader = csv::Reader::from_path(from).expect("the file can be read");
    let mut writer = csv::Writer::from_path(to).expect("a file can be written");
    let header = reader.byte_headers().expect("it has a header").clone();
    writer
        .write_byte_record(&header)
        .expect("a file can be written");
    let mut invoices: BTreeMap<String, Vec<(i64, f64)>> = BTreeMap::new();
    let mut last = String::new();
    for (row, record) in reader.byte_records().enumerate() {
        let record = record.expect("it is CSV");
        let field = |index: usize| String::from_utf8_lossy(&record[index]).trim().to_owned();
        let number = field(0);
        if row >= ROWS && number != last {
            break;
        }
        let line = (
            field(3).parse().expect("a quantity is a number"),
            field(5).parse().expect("a price is a number"),
        );
        invoices.entry(number.clone()).or_default().push(line);
        last = number;
        writer
            .write_byte_record(&record)
            .expect("a file can be written");
    }
    writer.flush().expect("a file can be written");
    let mut expected = Expected::default();
    for (number, lines) in invoices {
        let is_clean =
            !number.starts_with('C') && lines.iter().all(|(n, price)| *n > 0 && *price > 0.0);
        if !is_clean {
            expected.refused.insert(number);
            continue;
        }
        let pence = |(quantity, price): &(i64, f64)| quantity * (price * 100.0).round() as i64;
        expected.pieces += lines.iter().map(|(quantity, _)| quantity).sum::<i64>();
        let total = lines.iter().map(pence).sum();
        expected.clean.insert(number, (lines.len(), total));
    }
    expected
}

pub(super) struct Importer<'a> {
    platform: &'a Platform,
    file: PathBuf,
    report: PathBuf,
}

impl<'a> Importer<'a> {
    /// Imports into a platform, from a file in its directory.
    pub(super) fn new(platform: &'a Platform) -> Self {
        Self {
            platform,
            file: platform.directory().join("cut.csv"),
            report: platform.directory().join("refused.csv"),
        }
    }

    /// Where the file is to be.
    pub(super) fn file(&self) -> &Path {
        &self.file
    }

    fn start(&self) -> Child {
        Command::new(program("orders"))
            .args(["import", "online-retail"])
            .arg(&self.file)
            .args(["--receive-stock", "--concurrency", "8", "--report"])
            .arg(&self.report)
            .args(["--url", self.platform.api.commands()])
            .env_remove("ORDERS_QUERY_URL")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the importer starts")
    }

    pub(super) async fn run(&self) {
        let child = self.start();
        let ended = tokio::task::spawn_blocking(move || child.wait_with_output());
        let ended = tokio::time::timeout(PATIENCE, ended).await;
        let output = ended.expect("the import ends").expect("it is waited for");
        let output = output.expect("it has an end");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_is_killed_half_way_ends_in_the_same_state() {
    let real = real_orders();
    if !real.is_file() {
        let reason = format!(
            "the real orders are not there: {}; ORDERS_TEST_ONLINE_RETAIL names them",
            real.display()
        );
        servers::skipped(&servers::test_name(), &reason);
        return;
    }
    let platform = Platform::start(Shape::AllInOne, &[]).await;
    let p = &platform;
    let importer = Importer::new(p);
    let expected = cut(&real, &importer.file);
    say(&format!(
        "{} clean invoices, {} others",
        expected.clean.len(),
        expected.refused.len()
    ));

    // Half of the orders are there, and the next one is on its way into the database: there it is
    // held until the importer is dead, and the platform as well.
    let middle = expected.clean.keys().nth(expected.clean.len() / 2);
    let middle = middle.expect("there are clean invoices");
    let mut barrier = Barrier::before_order(&p.database(), middle).await;
    let mut half = importer.start();
    barrier.is_reached().await;
    let ended = half.try_wait().expect("a child can be looked at");
    assert!(ended.is_none(), "the import was over before it was killed");
    half.kill().expect("a child can be killed");
    p.process("orders").kill().await;
    half.wait().expect("a killed child ends");
    barrier.lift().await;
    assert!(!importer.report.exists(), "a report of a half-done import");
    let placed = History::read(p).await.orders().len();
    say(&format!("{placed} orders were placed until then"));
    assert!(0 < placed && placed < expected.clean.len(), "{placed}");
    p.process("orders").start();
    p.process("orders").ready().await;

    importer.run().await;
    let head = is_complete(p, &expected).await;
    let report = csv::Reader::from_path(&importer.report).expect("there is a report");
    let refused: BTreeSet<String> = report
        .into_records()
        .map(|row| row.expect("it is CSV")[0].to_owned())
        .collect();
    assert_eq!(refused, expected.refused);

    // And again: nothing changes.
    let first = fs::read(&importer.report).expect("there is a report");
    importer.run().await;
    assert_eq!(
        is_complete(p, &expected).await,
        head,
        "an import again changed something"
    );
    assert!(
        fs::read(&importer.report).expect("there is a report") == first,
        "another report"
    );
    p.stop().await;
}

/// Every clean invoice is an order, once, confirmed; the position of the last event then.
async fn is_complete(p: &Platform, expected: &Expected) -> i64 {
    let wanted: BTreeMap<String, (usize, i64)> = expected.clean.clone();
    eventually("all orders are confirmed", async || {
        let listed = p.api.list("/v1/orders").await?;
        if listed.len() != wanted.len() {
            return Err(format!("{} orders", listed.len()));
        }
        let open = listed.iter().find(|order| order["status"] != "confirmed");
        if let Some(order) = open {
            return Err(order.to_string());
        }
        let rows = listed.iter().map(|order| {
            let lines = order["line_count"].as_u64().unwrap_or_default() as usize;
            let total = order["total"]["amount"].as_i64().unwrap_or_default();
            (
                order["reference"].as_str().unwrap_or_default().to_owned(),
                (lines, total),
            )
        });
        let rows: BTreeMap<String, (usize, i64)> = rows.collect();
        assert_eq!(rows, wanted);
        Ok(())
    })
    .await;
    let total: i64 = wanted.values().map(|(_, total)| total).sum();
    let wanted_sales = (wanted.len() as i64, total, total);
    eventually("the sales report", async || {
        let sales = p.api.sales("GBP").await?;
        (sales == wanted_sales)
            .then_some(())
            .ok_or_else(|| format!("{sales:?}"))
    })
    .await;
    eventually("the stock is held", async || {
        let items = p.api.list("/v1/stock").await?;
        let sum = |name: &str| {
            items
                .iter()
                .filter_map(|item| item[name].as_i64())
                .sum::<i64>()
        };
        let (held, there) = (sum("reserved") + sum("committed"), sum("on_hand"));
        let right = held == expected.pieces && there == expected.pieces && sum("reserved") == 0;
        right
            .then_some(())
            .ok_or_else(|| format!("{held} of {there} held, not {}", expected.pieces))
    })
    .await;
    at_rest(p).await.head()
}

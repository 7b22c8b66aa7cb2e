//! History folded into read models, against what the database alone takes to hand the events out and to
//! take the rows in.

use super::{
    Bench,
    archive::ARCHIVE,
    copies::Copies,
    fold::Ended,
    loaded::{Cost, Workers},
};
use anyhow::ensure;
use bytes::Bytes;
use std::time::Duration;

/// The read model that is built by itself.
const ORDERS: &str = "order_summary";

const MEGABYTE: f64 = 1e6;

impl Bench {
    /// Rebuilds and copies in turns: of the orders, and of everything.
    pub(super) async fn replay(&mut self) -> anyhow::Result<()> {
        self.archive().await?;
        for _ in 0..self.extent.rounds {
            let orders = self.measured_rebuild("replay", &[ORDERS]).await?;
            let all = self.measured_rebuild("replay-all", &["--all"]).await?;
            let mut copies = Copies::over(&self.postgres.url(ARCHIVE)).await?;
            let (out, _) = copies.events_out().await?;
            self.orders_copied(&mut copies, &orders, out).await?;
            self.all_copied(&mut copies, &all, out).await?;
            copies.close().await?;
        }
        Ok(())
    }

    async fn measured_rebuild(&mut self, name: &str, which: &[&str]) -> anyhow::Result<Ended> {
        let workers = Workers {
            services: Vec::new(),
            database: true,
        };
        let mark = self.mark(&workers).await?;
        let ended = self.rebuild(which).await?;
        let cost = self.cost(mark, &workers).await?;
        let cost = Cost {
            services: cost.children,
            ..cost
        };
        let events = self.extent.events;
        self.write_down_cost(name, events as u64, &cost, None);
        let rate = events as f64 / ended.took.as_secs_f64();
        self.add_seconds(name, "seconds", ended.took);
        self.figures.add(format!("{name}/events_per_second"), rate);
        let memory = ended.memory.map(|bytes| bytes as f64 / MEGABYTE);
        self.figures.add_known(format!("{name}/memory"), memory);
        self.say(&format!(
            "{name:<16} {rate:>8.0} /s   {:.2?}, {:.0} MB",
            ended.took,
            memory.unwrap_or(f64::NAN)
        ));
        Ok(ended)
    }

    /// Copies for the read model of orders.
    async fn orders_copied(
        &mut self,
        copies: &mut Copies,
        rebuilt: &Ended,
        out: Duration,
    ) -> anyhow::Result<()> {
        let (folded_out, folded) = copies.folded_events_out().await?;
        let content = copies.rows(ORDERS).await?;
        let (plain, rows) = copies.rows_in(ORDERS, &content, false).await?;
        let (indexed, _) = copies.rows_in(ORDERS, &content, true).await?;
        ensure!(rows > 0, "the rebuild made no rows: {}", rebuilt.said);
        for (called, time) in [
            ("copy_seconds", out + plain),
            ("copy_events_out_seconds", out),
            ("copy_folded_events_out_seconds", folded_out),
            ("copy_rows_in_seconds", plain),
            ("copy_rows_in_with_indexes_seconds", indexed),
        ] {
            self.add_seconds("replay", called, time);
        }
        self.figures.add("replay/rows", rows as f64);
        self.figures.add("replay/folded_events", folded as f64);
        self.say(&format!(
            "copies           events out {out:.2?}, those folded {folded_out:.2?}, rows in {plain:.2?}, \
             with indexes {indexed:.2?}"
        ));
        Ok(())
    }

    /// Copies for all read models: the events once, and the rows of each.
    async fn all_copied(
        &mut self,
        copies: &mut Copies,
        rebuilt: &Ended,
        out: Duration,
    ) -> anyhow::Result<()> {
        let (mut plain, mut rows, mut bytes) = (Duration::ZERO, 0, 0);
        for table in copies.tables().await? {
            let content = copies.rows(&table).await?;
            let (took, count) = copies.rows_in(&table, &content, false).await?;
            plain += took;
            rows += count;
            bytes += content.iter().map(Bytes::len).sum::<usize>();
        }
        ensure!(rows > 0, "the rebuilds made no rows: {}", rebuilt.said);
        self.add_seconds("replay-all", "copy_seconds", out + plain);
        self.add_seconds("replay-all", "copy_rows_in_seconds", plain);
        self.figures.add("replay-all/rows", rows as f64);
        self.figures
            .add("replay-all/row_bytes", bytes as f64 / MEGABYTE);
        self.say(&format!(
            "copies           all rows in {plain:.2?}: {rows}, {:.0} MB",
            bytes as f64 / MEGABYTE
        ));
        Ok(())
    }

    fn add_seconds(&mut self, name: &str, called: &str, time: Duration) {
        self.figures
            .add(format!("{name}/{called}"), time.as_secs_f64());
    }
}

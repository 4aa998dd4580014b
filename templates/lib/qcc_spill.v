// qcc_spill: shared module of the unit library, the output register of most units.
//
// Two entries: cuts every combinational path between its two sides and keeps full throughput.
//
// in_ready depends on registers only, so it serves as the clock enable of the pipeline in front:
// a beat is taken in a cycle with in_valid and in_ready both high. Once out_valid is high, out_data holds until out_ready.
module qcc_spill #(
    parameter WIDTH = 1
) (
    input  wire             clk,
    input  wire             rst_n,
    input  wire             in_valid,
    output wire             in_ready,
    input  wire [WIDTH-1:0] in_data,
    output wire             out_valid,
    input  wire             out_ready,
    output wire [WIDTH-1:0] out_data
);
  // head_q is the entry at the output, tail_q the one behind it; tail_valid_q implies head_valid_q.
  reg head_valid_q;
  reg tail_valid_q;
  reg [WIDTH-1:0] head_q;
  reg [WIDTH-1:0] tail_q;

  assign in_ready  = ~tail_valid_q;
  assign out_valid = head_valid_q;
  assign out_data  = head_q;

  always @(posedge clk) begin
    if (!rst_n) begin
      head_valid_q <= 1'b0;
      tail_valid_q <= 1'b0;
    end else begin
      head_valid_q <= (head_valid_q & ~out_ready) | tail_valid_q | in_valid;
      tail_valid_q <= head_valid_q & ~out_ready & (tail_valid_q | in_valid);
    end
  end

  // The data registers load more often than they must, which spares the logic of exact enables.
  always @(posedge clk) begin
    if (~head_valid_q | out_ready) head_q <= tail_valid_q ? tail_q : in_data;
    if (~tail_valid_q) tail_q <= in_data;
  end
endmodule
